"""Cursors, preferences and the paths of raw routes."""

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waqiti.foundation.errors import Problem
from waqiti.foundation.http import Incoming, Outgoing, RawRoute, read_cursor, wait_seconds, write_cursor
from waqiti.foundation.http.pages import Position
from waqiti.foundation.http.raw import RawRoutes

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_TO_9999 = 253_402_300_799
_INSTANTS = st.integers(0, _SECONDS_TO_9999 * 10**6).map(lambda us: _EPOCH + timedelta(microseconds=us))


@given(_INSTANTS, st.uuids())
def test_a_cursor_says_where_the_next_page_begins_to_the_microsecond(at: datetime, identifier: UUID) -> None:
    assert read_cursor(write_cursor(at, identifier, of="things"), of="things") == Position(at, identifier)


def test_no_cursor_is_the_first_page() -> None:
    assert read_cursor(None, of="things") is None


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "ab=",
        "%%%",
        "é",
        "A" * 31,
        "A" * 33,
        base64.urlsafe_b64encode(b"\xff" * 24).decode(),
        base64.urlsafe_b64encode(b"\xff" * 30).decode(),
        "\x00" * 32,
    ],
)
def test_an_unreadable_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Problem) as raised:
        read_cursor(cursor, of="things")
    assert (raised.value.status, raised.value.errors[0].pointer) == (422, "?cursor")


@given(_INSTANTS, st.uuids())
def test_the_cursor_of_another_list_cannot_be_read(at: datetime, identifier: UUID) -> None:
    with pytest.raises(Problem) as raised:
        read_cursor(write_cursor(at, identifier, of="wallets"), of="payments")
    assert (raised.value.status, raised.value.errors[0].pointer) == (422, "?cursor")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 5.0),
        (b"", 5.0),
        (b"wait=0", 0.0),
        (b"wait=12", 12.0),
        (b"Wait = 7", 7.0),
        (b'respond-async, wait="9"', 9.0),
        (b"respond-async; wait=3; x", 3.0),
        (b"wait=3600", 30.0),
        (b"wait=-1", 5.0),
        (b"wait=1.5", 5.0),
        (b"await=9", 5.0),
        (b"wait=soon", 5.0),
    ],
)
def test_the_wait_that_a_client_prefers_is_bounded(header: bytes | None, seconds: float) -> None:
    assert wait_seconds(header, default=5.0, maximum=30.0) == seconds


async def _handler(_incoming: Incoming) -> Outgoing:
    return Outgoing(200, b"{}")


def _route(method: str, path: str) -> RawRoute:
    return RawRoute(method=method, path=path, handler=_handler)


def test_a_raw_route_is_found_by_its_exact_path_before_the_longest_prefix() -> None:
    exact, wide, narrow = _route("POST", "/a/b"), _route("*", "/a/*"), _route("GET", "/a/b/*")
    routes = RawRoutes([wide, narrow, exact])
    assert routes.find("POST", "/a/b") is exact
    assert routes.find("GET", "/a/b") is wide
    assert routes.find("GET", "/a/b/c") is narrow
    assert routes.find("PUT", "/a/b/c") is wide
    assert routes.find("GET", "/a") is None
    assert routes.methods("/a/b") == {"POST", "*"}
