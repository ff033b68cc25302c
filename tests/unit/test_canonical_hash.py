"""The hash that tells whether two bodies are the same request."""

import msgspec

from waqiti.foundation.idempotency import canonical_hash


class Body(msgspec.Struct):
    currency: str
    amount: int


def test_the_order_of_names_and_white_space_do_not_matter() -> None:
    one = msgspec.json.decode(b'{"amount": 1, "metadata": {"b": 2, "a": [1, 2]}}')
    two = msgspec.json.decode(b'{"metadata":{"a":[1,2],"b":2},"amount":1}')
    assert canonical_hash(one) == canonical_hash(two)


def test_a_struct_hashes_as_its_json_object() -> None:
    assert canonical_hash(Body(currency="EUR", amount=1)) == canonical_hash({"amount": 1, "currency": "EUR"})


def test_values_and_the_order_of_lists_matter() -> None:
    bodies: list[object] = [{"a": 1}, {"a": "1"}, {"a": None}, {}, {"a": [1, 2]}, {"a": [2, 1]}]
    assert len({canonical_hash(body) for body in bodies}) == len(bodies)
