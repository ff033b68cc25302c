"""What contracts say of refusals: every code has its place, its status and its sentence."""

import pytest

from waqiti.contracts import refusals


def test_the_first_of_several_refusals_is_the_one_that_is_reported() -> None:
    assert refusals.first(["compliance_unavailable", "insufficient_funds"]) == "insufficient_funds"
    assert refusals.first(["fraud_declined", "limit_exceeded", "wallet_frozen"]) == "wallet_frozen"
    assert refusals.first(["wallet_frozen", "customer_blocked", "customer_not_active"]) == "customer_blocked"
    assert refusals.first(["exceeds_hold", "given_up"]) == "given_up"
    assert refusals.first([]) is None


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("customer_blocked", "declined"),
        ("customer_not_active", "failed"),
        ("wallet_closed", "failed"),
        ("wallet_frozen", "failed"),
        ("sanctions_hit", "declined"),
        ("insufficient_funds", "failed"),
        ("limit_exceeded", "declined"),
        ("fraud_declined", "declined"),
        ("compliance_unavailable", "failed"),
        ("given_up", "failed"),
        ("review_expired", "declined"),
        ("rail_failed", "failed"),
        ("hold_expired", "failed"),
    ],
)
def test_a_code_gives_its_status_and_a_sentence(code: str, status: str) -> None:
    assert refusals.status_of(code) == status
    assert refusals.sentence(code).endswith(".")


def test_who_is_blocked_reads_what_any_hit_reads() -> None:
    assert refusals.shown("customer_blocked") == "sanctions_hit"
    assert refusals.sentence("customer_blocked") == refusals.sentence("sanctions_hit")
