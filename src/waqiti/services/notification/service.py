"""notification-service as one value."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Final

from msgspec import Meta

from waqiti.contracts.catalog import NOTIFICATION, PAYMENT
from waqiti.contracts.modes import MODES
from waqiti.contracts.switches import PublicSettings
from waqiti.foundation.database import Database
from waqiti.foundation.idempotency import answered_before
from waqiti.foundation.runtime import Application, BackgroundTask, Context, Service
from waqiti.foundation.settings import SettingsError
from waqiti.foundation.telemetry import logger
from waqiti.services.notification.api.endpoints import delivery_routes, endpoint_routes
from waqiti.services.notification.api.events import event_routes
from waqiti.services.notification.domain.deliveries import ATTEMPT_SECONDS
from waqiti.services.notification.domain.vault import Vault, VaultError
from waqiti.services.notification.usecases.deliveries import Deliveries
from waqiti.services.notification.usecases.endpoints import Endpoints
from waqiti.services.notification.usecases.events import Events

_READERS: Final = 2

_log: Final = logger(__name__)


class NotificationSettings(PublicSettings, frozen=True, kw_only=True):
    """``webhook_key_file`` holds the key that secrets are sealed with: 32 bytes in base64.

    ``webhook_private_targets`` lets webhooks go to loopback and private addresses; ``webhook_timeout_seconds`` is what
    one attempt may take.
    """

    webhook_key_file: str = ""
    webhook_private_targets: bool = False
    webhook_timeout_seconds: Annotated[float, Meta(gt=0, le=ATTEMPT_SECONDS)] = ATTEMPT_SECONDS


@asynccontextmanager
async def build(context: Context[NotificationSettings]) -> AsyncIterator[Application]:
    """Build the service: its database, the key of its secrets, routes and loops."""
    settings, vault = context.settings, _vault(context.settings)
    database = await context.database(NOTIFICATION)
    handlers = [
        *event_routes(Events(database)),
        *endpoint_routes(Endpoints(database, vault, private_targets=settings.webhook_private_targets)),
        *delivery_routes(Deliveries(database)),
    ]
    yield Application(
        asgi=context.http(handlers, rules=MODES, replays=answered_before(database)),
        workers=() if context.role == "api" else await _workers(context, database, vault),
    )


async def _workers(
    context: Context[NotificationSettings], database: Database, vault: Vault
) -> Sequence[BackgroundTask]:
    # Imported here: the api process, which sends nothing, never loads the client that goes out.
    from waqiti.services.notification.usecases.driving import Driver
    from waqiti.services.notification.usecases.sending import Sender
    from waqiti.services.notification.worker.loops import deliver, keep_house

    settings = context.settings
    sender = Sender(private_targets=settings.webhook_private_targets, total_seconds=settings.webhook_timeout_seconds)
    driver = Driver(database, sender, vault)
    context.health.add("webhook-secrets", driver.check, critical=False)
    following = await _following(context, database, driver.wake)
    return [*following, deliver(sender, driver), *keep_house(database)]


async def _following(
    context: Context[NotificationSettings], database: Database, wake: Callable[[], None]
) -> Sequence[BackgroundTask]:
    """Return the loop that follows payment-service; without its address there are no events until it has one."""
    from waqiti.services.notification.usecases.following import Following
    from waqiti.services.notification.worker.loops import follow_results

    url = context.settings.events_urls.get(PAYMENT)
    if url is None:
        _log.warning("payments_not_followed", detail="WAQITI_EVENTS_URL_PAYMENT_SERVICE is not set")
        return ()
    log = await Database.open(url, name="payment-results", max_size=_READERS)
    context.closing.push_async_callback(log.close)
    return (follow_results(log, database, Following(database, wake)),)


def _vault(settings: NotificationSettings) -> Vault:
    if not settings.webhook_key_file:
        raise SettingsError(f"{NOTIFICATION} needs WAQITI_WEBHOOK_KEY_FILE, a file with 32 bytes in base64")
    try:
        return Vault(Path(settings.webhook_key_file).read_text(encoding="ascii").strip())
    except (OSError, VaultError) as error:
        raise SettingsError(f"WAQITI_WEBHOOK_KEY_FILE: {error}") from error


SERVICE: Final = Service(name=NOTIFICATION, settings=NotificationSettings, build=build)
