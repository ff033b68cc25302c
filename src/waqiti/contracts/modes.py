"""What the modes refuse: the one table, in order of precedence. Each answers 503 with ``Retry-After``.

| switch | where | refuses | lets pass |
|---|---|---|---|
| ISOLATION_MODE | any deployment | everything, operators too | health, the status page, diagnostics |
| MAINTENANCE_MODE | gateway | everything | health, the status page, diagnostics, operators |
| EMERGENCY_MODE | gateway and services | batches, exchanges, withdrawals, new customers and wallets, changes of webhooks | the rest, and operators |
| READ_ONLY_MODE | services | every change that a client may ask for | reads, replays of answered keys, calls between deployments |
"""  # noqa: E501 - a table

from typing import Final

from waqiti.contracts.catalog import DEPLOYMENTS
from waqiti.foundation.http import Incoming, Rule
from waqiti.foundation.security import OPERATOR

# The codes that the modes refuse with.
ISOLATED: Final = "isolated"
MAINTENANCE: Final = "maintenance"
EMERGENCY: Final = "emergency_mode"
READ_ONLY: Final = "read_only"

_PUBLIC: Final = "/v1/"
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_DIAGNOSTICS: Final = ("/actuator/", "/cache/")
STATUS_PATH: Final = "/status"
_HEALTH: Final = frozenset(
    {STATUS_PATH, "/health", "/health/critical", *(f"/{row.name}/health" for row in DEPLOYMENTS)}
)
_NOT_IN_AN_EMERGENCY: Final = frozenset(
    {"/v1/payments/batch", "/v1/exchanges", "/v1/withdrawals", "/v1/customers", "/v1/wallets"}
)
_WEBHOOKS: Final = "/v1/webhook-endpoints"

_PAGE: Final = b"""<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Maintenance</title>
  <style>
    body { font: 1.1rem/1.6 system-ui, sans-serif; margin: 15vh auto; max-width: 34rem; padding: 0 1rem; }
  </style>
</head>
<body>
  <main>
    <h1>We are being maintained</h1>
    <p>Your money is where it was, and what you have sent before is being worked on. Please come back in a while.</p>
  </main>
</body>
</html>
"""


def _is_business(incoming: Incoming) -> bool:
    """Tell whether a request is for anything but health and diagnostics."""
    return not (incoming.path in _HEALTH or incoming.path.startswith(_DIAGNOSTICS))


def _in_maintenance(incoming: Incoming) -> bool:
    return _is_business(incoming) and not incoming.principal.has(OPERATOR)


def _in_an_emergency(incoming: Incoming) -> bool:
    if incoming.method in _READS or incoming.principal.has(OPERATOR):
        return False
    path = incoming.path
    return path in _NOT_IN_AN_EMERGENCY or path == _WEBHOOKS or path.startswith(_WEBHOOKS + "/")


def _read_only(incoming: Incoming) -> bool:
    return incoming.method not in _READS and incoming.path.startswith(_PUBLIC)


MODES: Final = (
    Rule(
        setting="isolation_mode",
        code=ISOLATED,
        detail="This service is cut off: nothing but its health and diagnostics can be asked.",
        retry_after_seconds=30,
        refuses=_is_business,
        anybody=True,
    ),
    Rule(
        setting="maintenance_mode",
        code=MAINTENANCE,
        detail="The platform is being maintained.",
        retry_after_seconds=30,
        refuses=_in_maintenance,
        anybody=True,
        page=_PAGE,
    ),
    Rule(
        setting="emergency_mode",
        code=EMERGENCY,
        detail="Only what is critical is done at the moment, and this is not.",
        retry_after_seconds=30,
        refuses=_in_an_emergency,
    ),
    Rule(
        setting="read_only_mode",
        code=READ_ONLY,
        detail="At the moment everything can be read and nothing changed.",
        retry_after_seconds=5,
        refuses=_read_only,
        replays=True,
    ),
)
