"""``waqiti serve``: run services in this process. The cluster runs one name and one role per process."""

from importlib import import_module
from typing import Literal

from waqiti.cli.options import Json
from waqiti.contracts.catalog import DEPLOYMENTS, Deployment, deployment
from waqiti.foundation.runtime import Service, run
from waqiti.foundation.settings import Settings, SettingsError
from waqiti.operations.errors import WRONG_USE, ClusterError


def serve(*names: str, role: Literal["api", "worker"] | None = None, json: Json = False) -> int:
    """Serve deployments in this process until SIGTERM; their settings come from the environment.

    Logs are JSON lines on standard output in any case.

    Parameters
    ----------
    names
        The deployments.
    role
        Only this role of each; both without it.
    """
    del json
    if not names:
        raise ClusterError(f"serve wants a deployment: {_known()}", WRONG_USE)
    try:
        run([find_service(name) for name in names], role)
    except SettingsError as error:
        raise ClusterError(str(error)) from error
    return 0


def find_deployment(name: str) -> Deployment:
    """Return the deployment called ``name``.

    Raises:
        ClusterError: there is none.
    """
    try:
        return deployment(name)
    except KeyError:
        raise ClusterError(f"No deployment is called {name}; there are {_known()}", WRONG_USE) from None


def find_service(name: str) -> Service[Settings]:
    """Return the service of a deployment.

    Raises:
        ClusterError: there is no such deployment.
    """
    module = import_module(f"{find_deployment(name).package}.service")
    service = module.SERVICE
    assert isinstance(service, Service)
    return service


def _known() -> str:
    return ", ".join(row.name for row in DEPLOYMENTS)
