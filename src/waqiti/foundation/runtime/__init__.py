"""Runs services: ``run([SERVICE], "api")`` serves them in one event loop on real sockets until told to stop."""

from waqiti.foundation.runtime.context import Context
from waqiti.foundation.runtime.run import run, serve_in_background
from waqiti.foundation.runtime.service import Application, Role, Service
from waqiti.foundation.runtime.tasks import BackgroundTask

__all__ = [
    "Application",
    "BackgroundTask",
    "Context",
    "Role",
    "Service",
    "run",
    "serve_in_background",
]
