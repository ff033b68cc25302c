"""What is wrong with a body, in words that need no knowledge of what reads it."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta

from waqiti.foundation.errors import FieldError, Problem
from waqiti.foundation.http import decode_body
from waqiti.foundation.http.problems import invalid_body


class Item(msgspec.Struct, forbid_unknown_fields=True):
    kind: Literal["thing"] = "thing"
    rail: Literal["sandbox", "sepa"] | None = None


class Order(msgspec.Struct, forbid_unknown_fields=True):
    reason: str
    amount: Annotated[int, Meta(ge=1, le=100)] = 1
    share: float = 0.5
    final: bool = True
    country: Annotated[str, Meta(pattern="^[A-Z]{2}$", examples=["DE"])] | None = None
    code: Annotated[str, Meta(pattern="^a+$")] = "a"
    born: date | None = None
    at: Annotated[datetime, Meta(tz=True)] | None = None
    id: UUID | None = None
    items: Annotated[list[Item], Meta(max_length=2)] = []
    by_key: dict[str, list[Item]] = {}
    texts: dict[Annotated[str, Meta(max_length=3)], str] = {}
    note: Annotated[str, Meta(min_length=1)] = "-"


ORDERS = msgspec.json.Decoder(Order)


def refusal(body: bytes) -> Problem:
    with pytest.raises(Problem) as raised:
        decode_body(ORDERS, body)
    assert (raised.value.status, raised.value.code) == (422, "invalid_request")
    return raised.value


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        (b"{}", "/reason", "is missing"),
        (b'{"reason":"x","password":"hunter2"}', "/password", "is not known here"),
        (b'{"reason":"x","amount":1.5}', "/amount", "must be an integer"),
        (b'{"reason":"x","amount":"1"}', "/amount", "must be an integer"),
        (b'{"reason":"x","amount":0}', "/amount", "must be at least 1"),
        (b'{"reason":"x","amount":101}', "/amount", "must be at most 100"),
        (b'{"reason":"x","share":"a"}', "/share", "must be a number"),
        (b'{"reason":"x","share":1e999}', "/share", "is out of range"),
        (b'{"reason":"x","final":1}', "/final", "must be true or false"),
        (b'{"reason":null}', "/reason", "must be a string"),
        (b'{"reason":"x","country":"hunter2"}', "/country", "must look like DE"),
        (b'{"reason":"x","country":5}', "/country", "must be a string or null"),
        (b'{"reason":"x","code":"hunter2"}', "/code", "must look like the regular expression ^a+$"),
        (b'{"reason":"x","born":"hunter2"}', "/born", "must be a date such as 2026-01-31"),
        (b'{"reason":"x","at":"hunter2"}', "/at", "must be a time such as 2026-01-31T12:00:00Z"),
        (
            b'{"reason":"x","at":"2026-01-31T12:00:00"}',
            "/at",
            "must say its offset from UTC, as 2026-01-31T12:00:00Z does",
        ),
        (b'{"reason":"x","id":"hunter2"}', "/id", "must be a UUID"),
        (b'{"reason":"x","items":5}', "/items", "must be a list"),
        (b'{"reason":"x","items":[{},{},{}]}', "/items", "must have at most 2 items"),
        (b'{"reason":"x","items":[{},{"rail":"hunter2"}]}', "/items/1/rail", "must be one of: sandbox, sepa"),
        (b'{"reason":"x","items":[{"kind":"hunter2"}]}', "/items/0/kind", "must be thing"),
        (b'{"reason":"x","by_key":{"k":[{"rail":"hunter2"}]}}', "/by_key", "must be one of: sandbox, sepa"),
        (b'{"reason":"x","texts":{"hunter2":"x"}}', "/texts", "has a key that must have at most 3 characters"),
        (b'{"reason":"x","note":""}', "/note", "must have at least 1 character"),
        (b"[]", "", "must be a JSON object"),
    ],
)
def test_a_wrong_field_is_described_in_words_of_json(body: bytes, pointer: str, detail: str) -> None:
    problem = refusal(body)

    assert problem.errors == (FieldError(pointer, detail),)
    assert problem.detail == f"The field {pointer[1:]} {detail}." if pointer else f"The body {detail}."
    assert "hunter2" not in problem.detail


def test_no_body_at_all_is_said_to_be_needed() -> None:
    problem = refusal(b"")

    assert problem.detail == "A JSON body is needed."
    assert problem.errors == (FieldError("", "A JSON body is needed."),)


def test_what_the_decoder_may_say_some_day_is_not_passed_on() -> None:
    problem = invalid_body(msgspec.ValidationError("Odd `thing` 'hunter2' - at `$.items[0].rail`"))

    assert problem.errors == (FieldError("/items/0/rail", "is not what is expected here"),)
    assert "hunter2" not in problem.detail
