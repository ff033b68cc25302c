"""How ``switch list`` looks, what stands in a client's way, and what switches mean together."""

from datetime import UTC, datetime
from typing import Literal

import msgspec
import pytest

from waqiti.cli.switch_lines import switch_lines
from waqiti.contracts.catalog import COMPLIANCE, FRAUD, GATEWAY, PAYMENT
from waqiti.contracts.switches import SWITCHES
from waqiti.foundation.switches.file import Value
from waqiti.operations.switches.bands import notes_on_pools
from waqiti.operations.switches.listing import SwitchList, SwitchRow
from waqiti.operations.switches.standing import modes_against

LONG = "The disk of the second machine is being replaced by a larger one, and nobody may write until that is done."


def every() -> list[SwitchRow]:
    return [
        SwitchRow(name=one.name, service=service, value=one.default, source="default", replicas=(f"{service}-1",))
        for one in SWITCHES
        for service in one.deployments
    ]


def with_one(name: str, service: str, value: Value, *, reason: str = LONG) -> list[SwitchRow]:
    source: Literal["live"] = "live"
    return [
        msgspec.structs.replace(
            row,
            value=value,
            source=source,
            owner="ana",
            reason=reason,
            expires_at=datetime(2026, 1, 31, 12, tzinfo=UTC),
        )
        if (row.name, row.service) == (name, service)
        else row
        for row in every()
    ]


@pytest.mark.parametrize(
    "rows",
    [
        every(),
        with_one("READ_ONLY_MODE", "notification-service", value=True),
        with_one("MANUAL_REVIEW_THRESHOLD", FRAUD, value=0.8512345678),
        with_one("LOG_LEVEL", "notification-service", value="CRITICAL", reason="x" * 500),
        [msgspec.structs.replace(row, replicas=(), unreached=(f"{row.service}-1",)) for row in every()],
    ],
)
def test_the_list_fits_a_terminal(rows: list[SwitchRow]) -> None:
    assert max(len(line.text) for line in switch_lines(rows)) <= 80


def test_those_that_differ_stand_in_rows_of_their_own_with_why_beneath() -> None:
    lines = [line.text for line in switch_lines(with_one("READ_ONLY_MODE", PAYMENT, value=True))]

    shown = [" ".join(line.split()) for line in lines]
    first = shown.index("READ_ONLY_MODE true live payment-service 1 of 1")
    assert shown[first + 1].startswith("by ana, until 2026-01-31 12:00:00Z: The disk of the second machine")
    others = shown.index("READ_ONLY_MODE false default 5 of 6 5 of 5")
    assert shown[others + 1].startswith("in wallet-service, ledger-service, compliance-service,")


def test_what_somebody_typed_cannot_break_a_row_nor_colour_it() -> None:
    lines = [line.text for line in switch_lines(with_one("READ_ONLY_MODE", PAYMENT, value=True, reason="a\n\x1b[31mb"))]

    assert "    by ana, until 2026-01-31 12:00:00Z: a\\n\\x1b[31mb" in lines


def test_modes_stand_in_the_way_of_those_who_need_the_deployment() -> None:
    needed = (GATEWAY, COMPLIANCE, PAYMENT, FRAUD)

    def against(name: str, service: str) -> list[str]:
        return modes_against(SwitchList(1, tuple(with_one(name, service, value=True))), needed)

    assert modes_against(SwitchList(1, tuple(every())), needed) == []
    assert against("READ_ONLY_MODE", PAYMENT) == ["READ_ONLY_MODE is on (payment-service)"]
    assert against("MAINTENANCE_MODE", GATEWAY) == ["MAINTENANCE_MODE is on (api-gateway)"]
    assert against("ISOLATION_MODE", FRAUD) == ["ISOLATION_MODE is on (fraud-service)"]
    assert against("READ_ONLY_MODE", "notification-service") == []
    assert against("READ_ONLY_MODE", FRAUD) == []
    assert against("SECURITY_AUDIT", PAYMENT) == []


def test_a_pool_that_is_to_keep_more_open_than_it_may_have_is_said() -> None:
    rows = SwitchList(1, tuple(with_one("DB_POOL_MIN_IDLE", PAYMENT, value=9)))

    assert notes_on_pools(rows, (PAYMENT, FRAUD)) == (
        "DB_POOL_MIN_IDLE 9 is above DB_POOL_MAX_SIZE 4 in payment-service: 4 stay open at most",
    )
    assert notes_on_pools(rows, (FRAUD,)) == ()
