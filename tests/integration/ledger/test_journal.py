"""Manual entries: two people for each, posted once, and taken back by name."""

import asyncio
import json
import sys
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.integration.ledger import killed_approver
from tests.integration.ledger.conftest import OpenLedger
from tests.integration.ledger.test_closing import closed, end_of, yesterday
from tests.integration.ledger.test_guards import connected
from tests.support.house import APPROVER_KEY, OPERATOR_KEY
from tests.support.killing import kill_at_every_suspension
from tests.support.ledger_desk import FEES, LedgerDesk
from tests.support.raw import Answer
from waqiti.contracts.catalog import LEDGER
from waqiti.contracts.ledger import system_account_id
from waqiti.foundation.clock import rfc3339, utc_now
from waqiti.foundation.database import Database
from waqiti.foundation.ids import decode, encode, new_id
from waqiti.services.ledger.usecases.journal import Journal

JOURNAL = "/v1/ledger/journal"
MOST_SUSPENSIONS = 60
SUSPENSE = system_account_id("suspense", "EUR")


async def send(
    ledger: LedgerDesk, path: str, body: object, *, by: str = OPERATOR_KEY, key: str | None = None, replica: int = 0
) -> Answer:
    """Send as an operator."""
    return await ledger.house.client(ledger.addresses[replica], by).post(JOURNAL + path, body, idempotency_key=key)


def entry(debit: UUID | str, credit: UUID | str, amount: int, **more: object) -> dict[str, object]:
    """Return the body of a proposal; accounts are wallets or names."""
    sides = {"debit": debit, "credit": credit}
    names = {side: encode("wal", of) if isinstance(of, UUID) else of for side, of in sides.items()}
    return {**names, "amount": amount, "currency": "EUR", "reason": "Booked to the wrong side", **more}


async def proposed(ledger: LedgerDesk, debit: UUID | str, credit: UUID | str, amount: int, **more: object) -> Any:
    answer = await send(ledger, "", entry(debit, credit, amount, **more))
    assert answer.status == 201, answer.body
    return answer.document()


async def decided(ledger: LedgerDesk, id_: str, outcome: str = "approve", *, by: str = APPROVER_KEY) -> Any:
    answer = await send(ledger, f"/{id_}/decision", {"outcome": outcome, "reason": "Looked at it"}, by=by)
    assert answer.status == 200, answer.body
    return answer.document()


async def reversing(ledger: LedgerDesk, id_: str, **more: object) -> Answer:
    return await send(ledger, f"/{id_}/reversal", {"reason": "It was right after all", **more})


async def adjusted(ledger: LedgerDesk, debit: UUID, credit: UUID) -> None:
    """Post an entry of 11 and take it back, and have one refused and one declined."""
    first = await proposed(ledger, debit, credit, 11)
    assert (await decided(ledger, first["id"]))["status"] == "posted"
    back = (await reversing(ledger, first["id"])).document()
    assert (await decided(ledger, back["id"]))["status"] == "posted"
    assert (await decided(ledger, (await proposed(ledger, debit, credit, 10**9))["id"]))["status"] == "refused"
    assert (await decided(ledger, (await proposed(ledger, debit, credit, 1))["id"], "decline"))["status"] == "declined"


async def test_an_entry_that_a_second_operator_approves_moves_its_money_under_its_own_id(
    open_ledger: OpenLedger,
) -> None:
    async with open_ledger() as ledger:
        wallet = await ledger.wallet(100)
        body = entry(wallet, "suspense", 40)
        key = uuid4().hex
        first = await send(ledger, "", body, key=key)
        again = await send(ledger, "", body, key=key)
        document = first.document()

        assert (first.status, again.body, again.headers["idempotent-replayed"]) == (201, first.body, "true")
        assert {name: document[name] for name in ("status", "debit", "credit", "amount", "proposed_by")} == {
            "status": "proposed",
            "debit": encode("wal", wallet),
            "credit": "suspense",
            "amount": 40,
            "proposed_by": "key_operator",
        }
        assert await ledger.money(wallet, SUSPENSE) == [(100, 0), (0, 0)], "nothing moves before it is approved"

        posted = await decided(ledger, document["id"])

        assert (posted["status"], posted["decided_by"], posted["failure"]) == ("posted", "key_approver", None)
        assert await ledger.money(wallet, SUSPENSE) == [(60, 0), (40, 0)]
        (of,) = await ledger.entries(SUSPENSE)
        assert (of.transfer_id, of.purpose, of.amount) == (decode("jnl", document["id"]), "adjustment", 40)
        operator = ledger.house.client(ledger.addresses[0], OPERATOR_KEY)
        assert (await operator.get(f"{JOURNAL}/{document['id']}")).document() == posted
        late = await send(ledger, f"/{document['id']}/decision", {"outcome": "decline", "reason": "No"})
        assert (late.status, late.problem()["code"]) == (409, "conflict")


async def test_nobody_approves_what_they_proposed_but_may_withdraw_it(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        wallet = await ledger.wallet(100)
        document = await proposed(ledger, wallet, "fees", 40)
        approval = {"outcome": "approve", "reason": "I trust myself"}
        own = await send(ledger, f"/{document['id']}/decision", approval)
        assert (own.status, own.problem()["code"]) == (403, "second_approver_required")
        assert (await send(ledger, f"/{document['id']}/decision", approval, by="wk_unknown")).status == 401

        withdrawn = await decided(ledger, document["id"], "decline", by=OPERATOR_KEY)

        assert (withdrawn["status"], withdrawn["decision_reason"]) == ("declined", "Looked at it")
        late = await send(ledger, f"/{document['id']}/decision", approval, by=APPROVER_KEY)
        assert (late.status, late.problem()["code"]) == (409, "conflict")
        assert await ledger.money(wallet, FEES) == [(100, 0), (0, 0)]


async def test_the_database_takes_no_approval_by_who_proposed_and_no_second_thoughts(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        wallet = await ledger.wallet(100)
        open_, posted = await proposed(ledger, wallet, "fees", 1), await proposed(ledger, wallet, "fees", 2)
        await decided(ledger, posted["id"])
        fresh = ledger.house.databases[LEDGER]
        update = "UPDATE ledger.journal SET {} WHERE id = $1"
        approve = "status = 'posted', decided_at = now(), decided_by = proposed_by, decision_reason = 'x'"
        for url in (fresh.url, fresh.migrator_url):
            async with connected(url) as connection:
                with pytest.raises(asyncpg.CheckViolationError, match="approved_by_another"):
                    await connection.execute(update.format(approve), decode("jnl", open_["id"]))
                with pytest.raises(asyncpg.CheckViolationError, match="stays as it is"):
                    await connection.execute(update.format("decided_by = 'y'"), decode("jnl", posted["id"]))
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute("DELETE FROM ledger.journal")
        async with connected(fresh.migrator_url) as owner:
            with pytest.raises(asyncpg.CheckViolationError, match="stays as it is"):
                await owner.execute(update.format("amount = 3"), decode("jnl", open_["id"]))


async def test_what_the_ledger_does_not_take_is_refused_for_good(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        poor, frozen = await ledger.wallet(10), await ledger.wallet(100)
        await ledger.freeze(frozen)
        for debit, code in ((poor, "insufficient_funds"), (frozen, "wallet_frozen")):
            document = await proposed(ledger, debit, "fees", 40)
            refused = await decided(ledger, document["id"])
            assert (refused["status"], refused["failure"]["code"]) == ("refused", code)
            stored = "SELECT outcome, code FROM ledger.transfers WHERE id = $1"
            assert await ledger.rows(stored, decode("jnl", document["id"])) == [("refused", code)]
            assert (await reversing(ledger, document["id"])).problem()["code"] == "conflict"
        assert await ledger.money(poor, frozen, FEES) == [(10, 0), (100, 0), (0, 0)]


async def test_an_entry_may_count_from_the_past_but_not_from_a_closed_period(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        wallet = await ledger.wallet(100)
        last = end_of(yesterday())
        early = await proposed(ledger, wallet, "fees", 10, effective_at=rfc3339(last))
        caught = await proposed(ledger, wallet, "fees", 20, effective_at=rfc3339(last))
        assert (await decided(ledger, early["id"]))["status"] == "posted"

        await closed(ledger, yesterday())
        late = await send(ledger, "", entry(wallet, "fees", 30, effective_at=rfc3339(last)))
        refused = await decided(ledger, caught["id"])
        back = (await reversing(ledger, early["id"])).document()

        assert (late.status, late.problem()["code"]) == (409, "period_closed")
        assert (refused["status"], refused["failure"]["code"]) == ("refused", "period_closed")
        of = (await ledger.entries(FEES))[0]
        assert of.effective_at == last == datetime.fromisoformat(early["effective_at"])
        assert (await reversing(ledger, early["id"], effective_at=rfc3339(last))).status == 409
        assert (await decided(ledger, back["id"]))["status"] == "posted", "it is taken back in the open period"
        assert await ledger.money(wallet, FEES) == [(100, 0), (0, 0)]


async def test_an_entry_is_taken_back_once_by_a_transfer_that_names_it(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        wallet = await ledger.wallet(100)
        original = await proposed(ledger, wallet, "fees", 40)
        assert (await reversing(ledger, original["id"])).status == 409, "nothing is posted yet"
        await decided(ledger, original["id"])
        first = (await reversing(ledger, original["id"])).document()
        second = await reversing(ledger, original["id"])
        assert (first["debit"], first["credit"], first["reverses"]) == ("fees", encode("wal", wallet), original["id"])
        assert (second.status, second.problem()["code"]) == (409, "conflict")

        await decided(ledger, first["id"], "decline")
        third = (await reversing(ledger, original["id"])).document()
        assert (await decided(ledger, third["id"]))["status"] == "posted"

        assert (await reversing(ledger, original["id"])).status == 409
        target = "SELECT target, purpose FROM ledger.transfers WHERE id = $1"
        assert await ledger.rows(target, decode("jnl", third["id"])) == [(decode("jnl", original["id"]), "adjustment")]
        assert await ledger.money(wallet, FEES) == [(100, 0), (0, 0)]
        again = (await reversing(ledger, third["id"])).document()
        await decided(ledger, again["id"])
        assert await ledger.money(wallet, FEES) == [(60, 0), (40, 0)], "what took it back is taken back as well"


async def test_many_who_approve_and_reverse_at_once_move_money_once(open_ledger: OpenLedger) -> None:
    async with open_ledger(replicas=2) as ledger:
        wallet = await ledger.wallet(100)
        document = await proposed(ledger, wallet, "fees", 40)
        approval = {"outcome": "approve", "reason": "Looked at it"}
        path = f"/{document['id']}/decision"
        approvals = await asyncio.gather(
            *(send(ledger, path, approval, by=APPROVER_KEY, replica=number % 2) for number in range(8))
        )
        reversals = await asyncio.gather(*(reversing(ledger, document["id"]) for _ in range(4)))

        assert sorted(answer.status for answer in approvals) == [200] + [409] * 7
        assert sorted(answer.status for answer in reversals) == [201] + [409] * 3
        assert await ledger.money(wallet, FEES) == [(60, 0), (40, 0)]


async def test_entries_are_listed_newest_first_by_status_and_page_by_page(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        wallet = await ledger.wallet(100)
        made = [await proposed(ledger, wallet, "fees", amount) for amount in (1, 2, 3)]
        made[1] = await decided(ledger, made[1]["id"])
        operator = ledger.house.client(ledger.addresses[0], OPERATOR_KEY)

        async def listed(query: str) -> Any:
            answer = await operator.get(f"{JOURNAL}{query}")
            assert answer.status == 200, answer.body
            return answer.document()

        page = await listed("?limit=2")
        rest = await listed(f"?limit=2&cursor={page['next_cursor']}")
        assert page["data"] + rest["data"] == made[::-1]
        assert rest["next_cursor"] is None
        assert (await listed("?status=posted"))["data"] == [made[1]]
        assert (await listed("?status=proposed&limit=1"))["data"] == [made[2]]
        for wrong in ("?limit=0", "?status=open", "?cursor=x", "?by=me"):
            assert (await operator.get(f"{JOURNAL}{wrong}")).problem()["code"] == "invalid_request"


async def test_what_could_not_be_booked_is_not_proposed(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        wallet, dollars = await ledger.wallet(100), await ledger.wallet(100, currency="USD")
        ahead = rfc3339(utc_now() + timedelta(hours=1))
        for body, status, pointer in (
            (entry(wallet, new_id(), 1), 404, None),
            (entry(wallet, "rails", 1), 404, None),
            (entry("wallet", "fees", 1), 404, None),
            (entry(wallet, "liquidity", 1), 404, None),
            (entry("fees", "suspense", 1, currency="JPY"), 404, None),
            (entry(wallet, dollars, 1), 422, "/credit"),
            (entry("fees", "fees", 1), 422, "/credit"),
            (entry(wallet, "fees", 0), 422, "/amount"),
            (entry(wallet, "fees", 10**15 + 1), 422, "/amount"),
            (entry(wallet, "fees", 1, currency="EUX"), 422, "/currency"),
            (entry(wallet, "fees", 1, reason=""), 422, "/reason"),
            (entry(wallet, "fees", 1, reason="a\nb"), 422, "/reason"),
            (entry(wallet, "fees", 1, effective_at=ahead), 422, "/effective_at"),
            (entry(wallet, "fees", 1, effective_at="1969-12-31T23:59:59Z"), 422, "/effective_at"),
            (entry(wallet, "fees", 1, effective_at="2024-01-01T00:00:00"), 422, "/effective_at"),
        ):
            refused = await send(ledger, "", body)
            problem = refused.problem()
            assert (refused.status, problem["code"]) == (
                status,
                "not_found" if status == 404 else "invalid_request",
            ), body
            if pointer is not None:
                assert [error["pointer"] for error in problem["errors"]] == [pointer]
        decision = {"outcome": "approve", "reason": "x"}
        assert (await send(ledger, f"/{encode('jnl', new_id())}/decision", decision)).status == 404
        assert (await send(ledger, "/jnl_x/decision", decision)).status == 404
        assert (await reversing(ledger, encode("jnl", new_id()))).status == 404
        assert await ledger.rows("SELECT count(*) FROM ledger.journal") == [(0,)]
        visitor, service = ledger.house.client(ledger.addresses[0]), ledger.visitor()
        assert (await visitor.post(JOURNAL, entry(wallet, "fees", 1))).status == 403
        assert (await visitor.get(JOURNAL)).status == 403
        assert (await service.post(JOURNAL, entry(wallet, "fees", 1))).status == 401


@pytest.mark.timeout(120)
async def test_an_approval_happens_whole_or_not_at_all_wherever_it_was_killed(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        wallet = await ledger.wallet(10_000)
        entries = [(await proposed(ledger, wallet, "fees", 7))["id"] for _ in range(MOST_SUSPENSIONS)]
        orders = killed_approver.Orders(ledger.house.databases[LEDGER].url, entries)

        kills = await kill_at_every_suspension(killed_approver, orders)

        sys.stdout.write(f"approvals survived {kills} kills\n")
        assert kills > 8, "the approver was killed at every suspension"
        whole = """
            SELECT count(*) FILTER (WHERE j.status = 'posted'), count(t.id)
            FROM ledger.journal j LEFT JOIN ledger.transfers t ON t.id = j.id
        """
        ((posted, transferred),) = await ledger.rows(whole)
        assert posted == transferred
        assert 1 <= posted < kills + 1, "some were killed before it was done"
        database = await Database.open(ledger.house.databases[LEDGER].url, name=LEDGER)
        answers = [await killed_approver.approved(Journal(database), one) for one in entries[: kills + 1]]
        await database.close()
        assert {json.loads(answer.body)["status"] for answer in answers} == {"posted"}
        assert sum(answer.replayed for answer in answers) == posted
        done = kills + 1
        assert await ledger.money(wallet, FEES) == [(10_000 - 7 * done, 0), (7 * done, 0)]
