"""Calls between our own services, and the gateway's forwarding: kept connections on asyncio and httptools."""

from waqiti.foundation.http.client.client import HttpClient
from waqiti.foundation.http.client.connection import HttpResponse
from waqiti.foundation.http.client.deadline import Deadline
from waqiti.foundation.http.client.failures import NoAnswer, RefusesUs, report_refusal
from waqiti.foundation.http.client.service import ServiceClient

__all__ = ["Deadline", "HttpClient", "HttpResponse", "NoAnswer", "RefusesUs", "ServiceClient", "report_refusal"]
