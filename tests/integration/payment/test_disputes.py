"""Disputes: opened by clients, resolved by operators, told once each."""

import asyncio
from typing import Any

import asyncpg
import msgspec
import pytest

from tests.integration.payment.conftest import OpenDesk
from tests.support.deciders import Deciders, scored
from tests.support.desk import Desk
from tests.support.house import OPERATOR_KEY
from tests.support.raw import Answer
from waqiti.contracts.casework import PAYMENT_CASEWORK
from waqiti.foundation.ids import decode, encode, new_id

LATE = {"kind": "other", "detail": "The goods never came"}
_EVENTS = """
SELECT e.type, e.key, p.from_wallet, convert_to(e.data::text, 'UTF8') AS data
FROM eventlog.events e JOIN payments p ON p.id = $3
WHERE e.topic = $1 AND e.subject = $2 ORDER BY e."offset"
"""


async def paid(desk: Desk) -> Any:
    """Return a payment that was captured."""
    payer, payee = await desk.wallet(1_000), await desk.wallet()
    return await desk.pay(payer, payee, 600)


async def disputed(desk: Desk, payment: Any) -> Any:
    """Return a dispute about a payment, of kind ``other``."""
    answer = await desk.act(payment["id"], "disputes", LATE)
    assert answer.status == 201, answer
    return answer.document()


async def resolve(desk: Desk, dispute: Any, outcome: str = "lost", key: str = OPERATOR_KEY, **headers: str) -> Answer:
    body = {"outcome": outcome, "reason": "The carrier lost it."}
    return await desk.send("POST", f"/v1/disputes/{dispute['id']}/resolution", body, key=key, **headers)


async def told(desk: Desk, dispute: Any) -> list[tuple[str, str, str]]:
    """Return what was said of a dispute: type, status and actor of each event."""
    identifiers = decode("dsp", dispute["id"]), decode("pay", dispute["payment_id"])
    rows = await desk.sql(_EVENTS, PAYMENT_CASEWORK, *identifiers)
    assert all(row["key"] == row["from_wallet"].hex for row in rows)
    found = [(row["type"], msgspec.json.decode(row["data"])) for row in rows]
    assert all("detail" not in data and "reason" not in data for _, data in found), "who is named there stays here"
    return [(kind, data["status"], data["actor"]) for kind, data in found]


async def test_a_dispute_is_opened_by_a_client_and_resolved_by_an_operator(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payment = await paid(desk)

        dispute = await disputed(desk, payment)
        resolved = (await resolve(desk, dispute)).document()

        assert dispute == {
            "id": dispute["id"],
            "payment_id": payment["id"],
            **LATE,
            "status": "open",
            "opened_at": dispute["opened_at"],
            "resolved_at": None,
            "resolved_by": None,
            "reason": None,
        }
        assert dispute["id"].startswith("dsp_")
        assert resolved == dispute | {
            "status": "lost",
            "resolved_at": resolved["resolved_at"],
            "resolved_by": "key_operator",
            "reason": "The carrier lost it.",
        }
        assert resolved["resolved_at"] > dispute["opened_at"]
        assert (await desk.send("GET", f"/v1/disputes/{dispute['id']}", key=OPERATOR_KEY)).document() == resolved
        assert await told(desk, dispute) == [
            ("dispute.opened", "open", "key_api"),
            ("dispute.resolved", "lost", "key_operator"),
        ]
        assert await desk.payment(payment["id"]) == payment, "no money moves by that"


async def test_who_resolved_a_dispute_and_why_is_shown_to_operators_only(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payment = await paid(desk)
        dispute = await disputed(desk, payment)
        resolved = (await resolve(desk, dispute)).document()
        listed = f"/v1/payments/{payment['id']}/disputes"

        shown = (await desk.send("GET", f"/v1/disputes/{dispute['id']}")).document()
        assert shown == resolved | {"resolved_by": None, "reason": None}
        assert (await desk.send("GET", listed)).document()["data"] == [shown]
        for path in (listed, "/v1/disputes"):
            assert (await desk.send("GET", path, key=OPERATOR_KEY)).document()["data"] == [resolved]


async def test_one_dispute_of_a_kind_is_open_about_a_payment(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payment = await paid(desk)
        first = await disputed(desk, payment)

        assert (await desk.act(payment["id"], "disputes", LATE)).document()["code"] == "conflict"
        other = await desk.act(payment["id"], "disputes", {"kind": "fraud", "detail": "It was not me"})
        assert other.status == 201
        assert (await resolve(desk, first, "won")).status == 200
        second = await disputed(desk, payment)

        listed = (await desk.send("GET", f"/v1/payments/{payment['id']}/disputes")).document()
        assert [found["id"] for found in listed["data"]] == [second["id"], other.document()["id"], first["id"]]


async def test_of_several_that_dispute_or_resolve_at_once_one_does(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payment = await paid(desk)

        opened = await asyncio.gather(*(desk.act(payment["id"], "disputes", LATE) for _ in range(8)))
        assert sorted(answer.status for answer in opened) == [201] + [409] * 7
        (dispute,) = [answer.document() for answer in opened if answer.status == 201]
        resolved = await asyncio.gather(*(resolve(desk, dispute, outcome) for outcome in ("won", "lost") * 4))

        assert sorted(answer.status for answer in resolved) == [200] + [409] * 7
        assert [what for what, _, _ in await told(desk, dispute)] == ["dispute.opened", "dispute.resolved"]


async def test_what_is_sent_twice_under_a_key_is_answered_twice_and_done_once(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payment = await paid(desk)

        opened = [await desk.act(payment["id"], "disputes", LATE, Idempotency_Key="d") for _ in range(2)]
        dispute = opened[0].document()
        resolved = [await resolve(desk, dispute, Idempotency_Key="r") for _ in range(2)]
        refused = [await resolve(desk, dispute, "won", Idempotency_Key="w") for _ in range(2)]
        reused = await resolve(desk, dispute, "won", Idempotency_Key="r")

        for first, again in (opened, resolved, refused):
            assert (again.status, again.headers["idempotent-replayed"]) == (first.status, "true")
        assert opened[0].body == opened[1].body
        assert resolved[0].body == resolved[1].body
        assert (refused[0].status, reused.status) == (409, 422)
        assert len(await told(desk, dispute)) == 2


async def test_operators_list_disputes_by_status_page_by_page(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        disputes = [await disputed(desk, await paid(desk)) for _ in range(3)]
        await resolve(desk, disputes[1], "won")

        async def listed(query: str) -> tuple[list[str], str | None]:
            document = (await desk.send("GET", f"/v1/disputes{query}", key=OPERATOR_KEY)).document()
            return [found["id"] for found in document["data"]], document["next_cursor"]

        newest_first = [dispute["id"] for dispute in reversed(disputes)]
        page, cursor = await listed("?limit=2")
        assert (page, await listed(f"?limit=2&cursor={cursor}")) == (newest_first[:2], (newest_first[2:], None))
        page, cursor = await listed("?status=open&limit=1")
        rest = await listed(f"?status=open&limit=1&cursor={cursor}")
        assert (page, rest) == (newest_first[:1], (newest_first[2:], None))
        assert await listed("?status=won") == ([disputes[1]["id"]], None)
        foreign = await desk.send("GET", f"/v1/disputes?status=won&cursor={cursor}", key=OPERATOR_KEY)
        assert foreign.status == 422, "the cursor of another list"


async def test_only_operators_list_and_resolve_disputes(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        dispute = await disputed(desk, await paid(desk))
        assert (await desk.send("GET", "/v1/disputes")).status == 403
        assert (await resolve(desk, dispute, key="wk_api_key_of_the_house")).status == 403
        assert (await desk.send("GET", f"/v1/disputes/{dispute['id']}")).document()["status"] == "open"


async def test_a_payment_in_review_may_be_called_wrongly_blocked_and_one_that_was_captured_fraud(
    open_payments: OpenDesk, deciders: Deciders
) -> None:
    async with open_payments() as desk:
        captured = await paid(desk)
        deciders.score = scored("review", 0.8, "odd_hour")
        reviewed = await paid(desk)

        for payment, right, wrong in (
            (captured, "fraud", "wrongly_blocked"),
            (reviewed, "wrongly_blocked", "fraud"),
        ):
            body = {"kind": right, "detail": "Look at it, please"}
            assert (await desk.act(payment["id"], "disputes", body)).status == 201
            refused = await desk.act(payment["id"], "disputes", body | {"kind": wrong})
            assert (refused.status, refused.document()["code"]) == (409, "conflict")


async def test_what_is_not_there_is_404_and_what_is_odd_is_422(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        payment = await paid(desk)
        nobody = {"id": encode("dsp", new_id())}
        for missing in (encode("pay", new_id()), "pay_x"):
            assert (await desk.act(missing, "disputes", LATE)).status == 404
            assert (await desk.send("GET", f"/v1/payments/{missing}/disputes")).status == 404
        assert (await resolve(desk, nobody)).status == 404
        assert (await desk.send("GET", f"/v1/disputes/{nobody['id']}")).status == 404
        for odd in ({"kind": "other"}, LATE | {"kind": "rude"}, LATE | {"detail": ""}, LATE | {"status": "won"}):
            assert (await desk.act(payment["id"], "disputes", odd)).status == 422


async def test_the_service_cannot_change_what_was_said(open_payments: OpenDesk) -> None:
    async with open_payments() as desk:
        await disputed(desk, await paid(desk))
        connection = await asyncpg.connect(desk.house.databases["payment-service"].url)
        try:
            for statement in ("UPDATE disputes SET detail = ''", "DELETE FROM disputes"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
        finally:
            await connection.close()
