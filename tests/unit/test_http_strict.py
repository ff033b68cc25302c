"""Strict JSON: what a body must be before anything looks at it."""

import json
import time
import tracemalloc
from contextlib import suppress
from typing import Annotated

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waqiti.foundation.errors import Problem
from waqiti.foundation.http.problems import invalid_body
from waqiti.foundation.http.strict import MAX_NESTING, parse

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)


def refusal(body: bytes) -> Problem:
    with pytest.raises(Problem) as raised:
        parse(body)
    assert (raised.value.status, raised.value.code) == (422, "invalid_request")
    return raised.value


def pointers(problem: Problem) -> list[str]:
    return [error.pointer for error in problem.errors]


@given(st.dictionaries(_TEXT, _VALUES, max_size=5))
def test_every_object_in_plain_json_is_read_as_the_standard_library_reads_it(document: dict[str, object]) -> None:
    for ascii_only in (True, False):
        body = json.dumps(document, ensure_ascii=ascii_only).encode()
        assert parse(body) == json.loads(body)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_and_nothing_else_happens(body: bytes) -> None:
    with suppress(Problem):
        assert isinstance(parse(body), dict)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a":1}}',
        b'{"a":1,}',
        b"{'a':1}",
        b'{"a":01}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e400}',
        b'{"a":"\x01"}',
        b'{"a":"\x00"}',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        '{"a":1}'.encode("utf-16"),
        b'{"a":' + b"9" * 5_000 + b"}",
    ],
)
def test_what_is_not_json_in_utf8_is_refused(body: bytes) -> None:
    refusal(body)


@pytest.mark.parametrize("body", [b"[]", b"1", b'"text"', b"null", b'[{"a":1}]'])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    assert pointers(refusal(body)) == [""]


@pytest.mark.parametrize("body", [b'{"a":1,"a":2}', b'{"o":[{"b":1,"c":2,"b":1}]}', b'{"a":1,"\\u0061":2}'])
def test_a_key_that_stands_twice_is_refused(body: bytes) -> None:
    assert "twice" in refusal(body).detail


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b'{"a":"x\\u0000y"}', "/a"),
        (b'{"a":["ok",{"b~/c":"\\u0000"}]}', "/a/1/b~0~1c"),
        (b'{"a":"\\ud800"}', "/a"),
        (b'{"a":"\\uDFFF tail"}', "/a"),
        (b'{"a":"\\udc00\\ud800"}', "/a"),
    ],
)
def test_text_that_a_database_cannot_hold_is_refused_with_its_place(body: bytes, pointer: str) -> None:
    assert pointers(refusal(body)) == [pointer]


@pytest.mark.parametrize("body", [b'{"\\u0000":1}', b'{"a":{"\\ud800":1}}'])
def test_keys_are_text_too(body: bytes) -> None:
    refusal(body)


def test_a_backslash_before_u0000_and_a_surrogate_pair_are_ordinary_text() -> None:
    assert parse(b'{"a":"\\\\u0000","b":"\\ud83d\\ude00"}') == {"a": "\\u0000", "b": "\N{GRINNING FACE}"}


def nested(levels: int) -> bytes:
    return b'{"a":' * (levels - 1) + b"{}" + b"}" * (levels - 1)


def test_nesting_is_bounded_to_the_level() -> None:
    assert parse(nested(MAX_NESTING))
    assert "nested" in refusal(nested(MAX_NESTING + 1)).detail
    assert "nested" in refusal(b'{"a":' + b"[" * MAX_NESTING + b"]" * MAX_NESTING + b"}").detail


def test_many_objects_side_by_side_are_not_nested() -> None:
    assert parse(b'{"a":[' + b",".join([b"[{}]"] * 1_000) + b"]}")


@pytest.mark.parametrize("body", [b"[" * 1_000_000, b'{"a":' * 200_000, b'"' + b'\\"' * 500_000, b'{"a":"' * 150_000])
def test_a_hostile_megabyte_is_refused_in_no_time(body: bytes) -> None:
    began = time.process_time()
    refusal(body)
    assert time.process_time() - began < 1.0


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    number: int


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    amount: int
    items: list[Inner] = []
    by_name: dict[Annotated[str, msgspec.Meta(max_length=3)], Inner] = {}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b'{"amount":"1"}', "/amount"),
        (b'{"amount":1.0}', "/amount"),
        (b'{"amount":true}', "/amount"),
        (b"{}", "/amount"),
        (b'{"amount":1,"other":2}', "/other"),
        (b'{"amount":1,"a/b~c":2}', "/a~1b~0c"),
        (b'{"amount":1,"items":[{"number":1},{"number":null}]}', "/items/1/number"),
        (b'{"amount":1,"items":[{"number":1,"more":1}]}', "/items/0/more"),
        (b'{"amount":1,"by_name":{"x":{"number":""}}}', "/by_name"),
        (b'{"amount":1,"by_name":{"xxxx":{"number":1}}}', "/by_name"),
    ],
)
def test_a_wrong_field_is_named_by_a_json_pointer(body: bytes, pointer: str) -> None:
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.json.decode(body, type=Outer)
    problem = invalid_body(raised.value)
    assert (problem.status, pointers(problem)) == (422, [pointer])


def test_one_doubled_name_among_very_many_is_found_without_counting_each() -> None:
    names = ",".join(f'"n{number}":1' for number in range(150_000))

    with pytest.raises(Problem, match="'n149999' stands twice"):
        parse(f'{{{names},"n149999":2}}'.encode())


def test_a_long_name_over_a_long_list_costs_no_more_than_what_was_sent() -> None:
    name = "n" * 500_000
    body = f'{{"{name}":[{",".join("1" * 250_000)}],"x":"\\u0041","y":["\\ud800"]}}'.encode()
    tracemalloc.start()

    with pytest.raises(Problem) as refused:
        parse(body)

    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.value.errors[0].pointer == "/y/0"
    assert peak_bytes < 64 * 1024 * 1024
