"""The edge's rules: where paths lead, how often a key may ask, and one document out of many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waqiti.services.gateway.domain.openapi import merged
from waqiti.services.gateway.domain.rates import RateLimit
from waqiti.services.gateway.domain.routes import owner_of


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("/v1/payments", "payment-service"),
        ("/v1/payments/pay_1/refunds", "payment-service"),
        ("/v1/refunds/ref_1", "payment-service"),
        ("/v1/wallets/wal_1", "wallet-service"),
        ("/v1/deposits", "wallet-service"),
        ("/v1/customers", "compliance-service"),
        ("/v1/events/evt_1", "notification-service"),
        ("/v1/webhook-endpoints/whe_1/deliveries", "notification-service"),
        ("/v1/paymentsx", None),
        ("/v1/", None),
        ("/internal/transfers", None),
        ("/actuator/health", None),
        ("/", None),
    ],
)
def test_a_path_leads_to_the_owner_of_its_noun(path: str, owner: str | None) -> None:
    assert owner_of(path) == owner


def test_a_key_gets_its_burst_and_then_its_rate() -> None:
    limit = RateLimit(per_second=10, burst=5)

    assert [limit.wait_seconds("a", 0.0) for _ in range(5)] == [0.0] * 5
    assert limit.wait_seconds("a", 0.0) == pytest.approx(0.1)
    assert limit.wait_seconds("b", 0.0) == 0.0, "another key has a bucket of its own"
    assert limit.wait_seconds("a", 0.1) == 0.0


@given(st.lists(st.floats(min_value=0, max_value=5), max_size=200))
def test_no_pattern_of_asking_beats_burst_and_rate(gaps: list[float]) -> None:
    limit = RateLimit(per_second=10, burst=5)
    now, granted = 0.0, 0
    for gap in gaps:
        now += gap
        granted += limit.wait_seconds("key", now) == 0.0
    assert granted <= 5 + 10 * now + 1e-6


def test_the_merged_document_holds_public_paths_and_all_components() -> None:
    one = {
        "paths": {"/v1/payments": {"get": {}}, "/internal/states": {"post": {}}},
        "components": {"schemas": {"Payment": {"type": "object"}, "Problem": {"title": "first"}}},
    }
    other = {
        "paths": {"/v1/wallets": {"get": {}}, "/actuator/health": {"get": {}}},
        "components": {"schemas": {"Wallet": {"type": "object"}, "Problem": {"title": "second"}}},
    }

    document = merged([one, other], title="Waqiti", version="1.0")

    assert list(document["paths"]) == ["/v1/payments", "/v1/wallets"]
    assert set(document["components"]["schemas"]) == {"Payment", "Problem", "Wallet"}
    assert document["components"]["schemas"]["Problem"] == {"title": "first"}
    assert document["openapi"].startswith("3.1")
