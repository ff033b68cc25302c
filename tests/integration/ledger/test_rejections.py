"""What the database itself refuses is rejected alone; everything beside it is posted."""

import asyncio

import msgspec
import pytest

from tests.integration.ledger.conftest import OpenLedger
from tests.integration.ledger.test_chains import linked
from tests.support.ledger_batches import transfer
from tests.support.ledger_desk import hold, outcomes
from waqiti.foundation.http.client import NoAnswer
from waqiti.foundation.ids import new_id

REFUSED_AMOUNT = 13

# A fault of the database that the service cannot know of: it takes no entries of this change.
_TAKES_NO_ENTRY = "ALTER TABLE ledger.entries ADD CONSTRAINT unlucky CHECK (abs(posted_change) <> 13)"
_TAKES_NO_ROW = "ALTER TABLE ledger.transfers ADD CONSTRAINT unlucky CHECK (amount <> 13)"


@pytest.mark.parametrize("bad", [0, 1, 7, 30, 31])
async def test_one_item_that_the_database_refuses_is_found_and_rejected_alone(
    open_ledger: OpenLedger, bad: int
) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(1_000), await ledger.wallet()
        await ledger.rows(_TAKES_NO_ENTRY)
        batch = [transfer(payer, payee, REFUSED_AMOUNT if number == bad else 1) for number in range(32)]

        results = await ledger.post(*batch)

        assert outcomes(results) == ["rejected" if number == bad else "posted" for number in range(32)]
        assert await ledger.money(payer, payee) == [(969, 0), (31, 0)]
        assert outcomes([await ledger.one(batch[bad])]) == ["rejected"]


@pytest.mark.parametrize("length", [2, 3, 7])
@pytest.mark.parametrize("before", [1, 2, 4])
async def test_a_chain_that_the_database_refuses_is_rejected_whole_and_alone(
    open_ledger: OpenLedger, before: int, length: int
) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(1_000), await ledger.wallet()
        await ledger.rows(_TAKES_NO_ENTRY)
        innocent = [transfer(payer, payee, 1) for _ in range(before)]
        chain = linked(*(transfer(payer, payee, REFUSED_AMOUNT) for _ in range(length)))
        held = hold(payer, payee, 5)

        results = await ledger.post(*innocent, *chain, held)

        assert outcomes(results) == ["posted"] * before + ["rejected"] * length + ["held"]
        assert await ledger.money(payer, payee) == [(1_000 - before, 5), (before, 0)]


async def test_an_innocent_chain_beside_a_refused_item_stands(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(1_000), await ledger.wallet()
        await ledger.rows(_TAKES_NO_ENTRY)
        chain = linked(*(transfer(payer, payee, 1) for _ in range(6)))

        results = await ledger.post(transfer(payer, payee, REFUSED_AMOUNT), *chain)

        assert outcomes(results) == ["rejected"] + ["posted"] * 6
        assert await ledger.money(payer, payee) == [(994, 0), (6, 0)]


async def test_several_refused_items_are_each_rejected(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(1_000), await ledger.wallet()
        await ledger.rows(_TAKES_NO_ENTRY)
        amounts = [REFUSED_AMOUNT if number % 3 == 0 else 2 for number in range(20)]

        results = await ledger.post(*(transfer(payer, payee, amount) for amount in amounts))

        assert outcomes(results) == ["rejected" if amount == REFUSED_AMOUNT else "posted" for amount in amounts]
        assert await ledger.money(payer, payee) == [(1_000 - 26, 0), (26, 0)]


async def test_what_not_even_a_refusal_can_be_stored_of_fails_its_own_caller_only(open_ledger: OpenLedger) -> None:
    """Nothing was decided about it: it is no refusal, and once the database takes it, it posts."""
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(1_000), await ledger.wallet()
        await ledger.rows(_TAKES_NO_ROW)
        asks = [transfer(payer, payee, REFUSED_AMOUNT if number == 20 else 1) for number in range(40)]

        answers = await asyncio.gather(*(ledger.ledger.post([ask]) for ask in asks), return_exceptions=True)

        failed = [number for number, answer in enumerate(answers) if isinstance(answer, BaseException)]
        assert failed == [20]
        assert isinstance(answers[20], NoAnswer)
        assert await ledger.money(payer, payee) == [(961, 0), (39, 0)]
        await ledger.rows("ALTER TABLE ledger.transfers DROP CONSTRAINT unlucky")
        assert outcomes([await ledger.one(asks[20])]) == ["posted"]
        assert await ledger.money(payer, payee) == [(948, 0), (52, 0)]


@pytest.mark.parametrize("field", ["expires_at", "effective_at"])
@pytest.mark.parametrize(
    "instant",
    ["9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z"],
)
async def test_an_instant_that_no_database_knows_is_refused_as_wrong_in_itself(
    open_ledger: OpenLedger, field: str, instant: str
) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        kind = "hold" if field == "expires_at" else "post"
        good, bad = transfer(payer, payee, 1), transfer(payer, payee, 1, kind=kind)
        visitor = ledger.visitor()
        documents = [msgspec.to_builtins(good), msgspec.to_builtins(bad) | {field: instant}]

        answer = await visitor.post("/internal/transfers", {"transfers": documents})

        assert (answer.status, answer.problem()["errors"][0]["pointer"]) == (422, f"/transfers/1/{field}")
        assert await ledger.money(payer, payee) == [(100, 0), (0, 0)]


@pytest.mark.parametrize("instant", ["9999-12-30T00:00:00+00:00", "0001-01-02T00:00:00Z", "0001-01-02T14:00:00+14:00"])
async def test_the_first_and_the_last_instant_there_are_can_be_stored(open_ledger: OpenLedger, instant: str) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        held = msgspec.to_builtins(hold(payer, payee, 1)) | {"expires_at": instant}
        dated = msgspec.to_builtins(transfer(payer, payee, 2)) | {"effective_at": instant}

        for existed in (False, True):
            answer = await ledger.visitor().post("/internal/transfers", {"transfers": [held, dated]})
            assert answer.status == 200, answer
            results = answer.document()["results"]
            assert [(found["outcome"], found.get("existed", False), found.get("differs")) for found in results] == [
                ("held", existed, None), ("posted", existed, None),
            ]  # fmt: skip
        assert await ledger.money(payer, payee) == [(98, 1), (2, 0)]


async def test_a_capture_that_the_database_refuses_leaves_its_hold_open(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        held = hold(payer, payee, 50)
        await ledger.one(held)
        await ledger.rows(_TAKES_NO_ENTRY)
        captures = [
            transfer(payer, payee, amount, id=new_id(), kind="capture", target=held.id)
            for amount in (REFUSED_AMOUNT, 12)
        ]

        assert outcomes(await ledger.post(*captures)) == ["rejected", "captured"]

        assert await ledger.money(payer, payee) == [(88, 0), (12, 0)]
