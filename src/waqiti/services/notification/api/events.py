"""Reading events."""

from typing import Annotated, Final
from uuid import UUID

from litestar import get
from litestar.params import FromPath, QueryParameter
from litestar.types import ControllerRouterHandler

from waqiti.contracts import prefixes
from waqiti.contracts.public.common import EventId, Page, PaymentId
from waqiti.contracts.public.events import Event, EventType
from waqiti.foundation.errors import Problem
from waqiti.foundation.http import DEFAULT_LIMIT, CursorParameter, LimitParameter, read_cursor, write_cursor
from waqiti.foundation.ids import decode
from waqiti.services.notification.domain.events import Place
from waqiti.services.notification.usecases.events import Events

_LIST: Final = "events"

TypeParameter = Annotated[EventType | None, QueryParameter(description="A type.")]
PaymentParameter = Annotated[PaymentId | None, QueryParameter(description="The events of one payment.")]


def event_routes(events: Events) -> list[ControllerRouterHandler]:
    """Return the routes of events."""

    @get("/v1/events", operation_id="list_events")
    async def list_events(
        type: TypeParameter = None,  # noqa: A002 - the name of the parameter
        payment: PaymentParameter = None,
        limit: LimitParameter = DEFAULT_LIMIT,
        cursor: CursorParameter = None,
    ) -> Page[Event]:
        """List what happened in the last 30 days, newest first."""
        position = read_cursor(cursor, of=_LIST)
        before = None if position is None else Place(position.at, position.id)
        found = await events.find(type, None if payment is None else _payment_id(payment), before, limit)
        following = found.next_before
        return Page(
            data=found.events,
            next_cursor=None if following is None else write_cursor(following.at, following.id, of=_LIST),
        )

    @get("/v1/events/{event_id:str}", operation_id="read_event")
    async def read_event(event_id: FromPath[EventId]) -> Event:
        """Read an event of the last 30 days."""
        return await events.read(event_id)

    return [list_events, read_event]


def _payment_id(text: str) -> UUID:
    identifier = decode(prefixes.PAYMENT, text)
    if identifier is None:
        raise Problem.invalid("This is no id of a payment.", pointer="?payment")
    return identifier
