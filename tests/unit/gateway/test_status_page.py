"""What the public is told: a word and a sentence for each thing that it can do, and nothing about how it is done."""

import re

import pytest

from waqiti.contracts.catalog import COMPLIANCE, DEPLOYMENTS, FRAUD, LEDGER, PAYMENT, WALLET
from waqiti.services.gateway.api.status import page
from waqiti.services.gateway.domain.status import ASKED, Seen, platform_status

WELL = {name: Seen(works=True) for name in ASKED}
NAMES = ["Payments", "Wallets", "Deposits and withdrawals", "API"]


def without(*names: str) -> list[str]:
    found = platform_status(WELL | {name: Seen(works=False) for name in names}, [])
    return [one.status for one in found.capabilities]


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        ((), ["operational", "operational", "operational", "operational"]),
        ((PAYMENT,), ["unavailable", "operational", "operational", "operational"]),
        ((WALLET,), ["unavailable", "unavailable", "unavailable", "operational"]),
        ((LEDGER,), ["unavailable", "unavailable", "unavailable", "operational"]),
        ((FRAUD,), ["degraded", "operational", "degraded", "operational"]),
        ((COMPLIANCE,), ["degraded", "degraded", "degraded", "operational"]),
        ((PAYMENT, FRAUD), ["unavailable", "operational", "degraded", "operational"]),
    ],
)
def test_what_is_gone_is_told_by_what_the_public_can_do(gone: tuple[str, ...], expected: list[str]) -> None:
    assert without(*gone) == expected


def test_the_worst_is_said_of_the_whole() -> None:
    assert platform_status(WELL, []).summary == "All systems work."
    assert platform_status(WELL | {FRAUD: Seen(works=False)}, []).status == "degraded"
    assert platform_status(WELL | {FRAUD: Seen(works=False), PAYMENT: Seen(works=False)}, []).status == "unavailable"


def test_modes_are_announced_in_plain_words() -> None:
    maintenance = platform_status(WELL, ["maintenance"])
    emergency = platform_status(WELL, ["emergency_mode"])
    read_only = platform_status(WELL | {PAYMENT: Seen(works=True, modes=("read_only",))}, [])

    assert (maintenance.status, {one.status for one in maintenance.capabilities}) == ("maintenance", {"maintenance"})
    assert [one.status for one in emergency.capabilities] == ["degraded", "degraded", "degraded", "operational"]
    assert [one.status for one in read_only.capabilities] == ["degraded", "operational", "operational", "operational"]
    for found, words in ((maintenance, "Maintenance"), (emergency, "Emergency mode"), (read_only, "Read-only mode")):
        assert [notice.partition(":")[0] for notice in found.notices] == [words]


def test_what_is_cut_off_on_purpose_is_announced_without_naming_it() -> None:
    found = platform_status(WELL | {LEDGER: Seen(works=False, modes=("isolated",))}, [])

    (notice,) = found.notices
    assert notice.startswith("Part of the platform is cut off on purpose")
    assert LEDGER not in notice
    assert platform_status(WELL | {LEDGER: Seen(works=False)}, []).notices == [], "it failed, and nobody wanted that"


def test_what_does_not_work_in_an_emergency_is_not_said_to_be_limited() -> None:
    found = platform_status(WELL | {WALLET: Seen(works=False)}, ["emergency_mode"])

    assert [one.status for one in found.capabilities][:3] == ["unavailable"] * 3


def test_the_page_has_no_scripts_loads_nothing_and_names_nothing_of_ours() -> None:
    worst = platform_status(dict.fromkeys(ASKED, Seen(works=False, modes=("read_only",))), ["emergency_mode"])
    for found in (platform_status(WELL, []), worst):
        text = page(found)
        assert [name for name in NAMES if f"<span>{name}</span>" in text] == NAMES
        assert not re.search(r"<script|https?:|src=|href=|url\(|@import", text)
        for row in DEPLOYMENTS:
            assert row.name not in text
        assert not re.search(r"\d+\.\d+\.\d+|127\.0|localhost|postgres|replica", text, re.IGNORECASE)
