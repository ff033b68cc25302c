"""The first outcome under an id is the outcome, whoever asks again, and however many at once."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.integration.ledger.conftest import OpenLedger
from tests.support.ledger_batches import FAR_AHEAD, LONG_AGO, transfer
from tests.support.ledger_desk import FEES, RAIL, capture, expire, hold, outcomes, refund, void
from waqiti.contracts.ledger import Transfer, TransferResult
from waqiti.foundation.ids import new_id


def again(item: Transfer, **changed: Any) -> Transfer:
    return msgspec.structs.replace(item, **changed)


async def test_every_kind_of_outcome_is_answered_again_as_it_was_stored(open_ledger: OpenLedger) -> None:
    async with open_ledger(replicas=2) as ledger:
        payer, payee = await ledger.wallet(1_000), await ledger.wallet()
        holds = [hold(payer, payee, 100, expires_at=FAR_AHEAD) for _ in range(3)]
        post = transfer(payer, payee, 50)
        asked = [
            post,
            *holds,
            capture(holds[0], 60),
            void(holds[1]),
            expire(holds[2]),
            refund(post, 20),
            transfer(payer, payee, 5, kind="refuse", refusals=("given_up",)),
            transfer(payer, payee, 100_000),
            capture(holds[0]),
            refund(post, 31),
        ]
        stored = await ledger.post(*asked)
        money = await ledger.money(payer, payee)

        repeated = await ledger.replicas[1].post(asked)
        alone = await ledger.each_alone(asked)

        assert outcomes(stored) == [
            "posted", "held", "held", "held", "captured", "voided", "expired", "posted",
            "given_up", "insufficient_funds", "hold_resolved", "exceeds_original",
        ]  # fmt: skip
        assert not any(result.existed for result in stored)
        assert repeated == alone == [msgspec.structs.replace(result, existed=True) for result in stored]
        assert [result.amount for result in stored] == [50, 100, 100, 100, 60, 100, 100, 20, 0, 0, 0, 0]
        assert money == await ledger.money(payer, payee) == [(1_000 - 50 - 60 + 20, 0), (50 + 60 - 20, 0)]


async def test_a_refusal_stands_even_when_the_money_has_come(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(10), await ledger.wallet()
        post = transfer(payer, payee, 11)
        refused = await ledger.one(post)
        await ledger.fund(payer, 1_000)

        later = await ledger.one(post)

        assert (refused.outcome, refused.code, refused.existed) == ("refused", "insufficient_funds", False)
        assert (later.outcome, later.code, later.existed) == ("refused", "insufficient_funds", True)
        assert later.recorded_at == refused.recorded_at
        assert await ledger.money(payer, payee) == [(1_010, 0), (0, 0)]


async def test_giving_up_a_transfer_that_was_posted_answers_that_it_was_posted(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(10), await ledger.wallet()
        post = transfer(payer, payee, 10)
        await ledger.one(post)

        given_up = await ledger.one(again(post, kind="refuse", refusals=("given_up",)))

        assert (given_up.outcome, given_up.amount, given_up.existed, given_up.differs) == ("posted", 10, True, "kind")
        assert await ledger.money(payer, payee) == [(0, 0), (10, 0)]


async def test_a_transfer_that_was_given_up_never_posts(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(10), await ledger.wallet()
        post = transfer(payer, payee, 10)
        await ledger.one(again(post, kind="refuse", refusals=("given_up",)))

        late = await ledger.one(post)

        assert (late.outcome, late.code, late.amount, late.differs) == ("refused", "given_up", 0, "kind")
        assert await ledger.money(payer, payee) == [(10, 0), (0, 0)]


@pytest.mark.parametrize("kind", ["post", "hold"])
async def test_an_ask_that_differs_is_told_in_which_field_and_moves_nothing(open_ledger: OpenLedger, kind: str) -> None:
    async with open_ledger() as ledger:
        payer, payee, other = await ledger.wallet(100), await ledger.wallet(), await ledger.wallet(100)
        more = {"expires_at": FAR_AHEAD} if kind == "hold" else {}
        first = transfer(payer, payee, 10, kind=kind, **more)
        stored = await ledger.one(first)
        changes: dict[str, Any] = {
            "kind": "hold" if kind == "post" else "post",
            "purpose": "exchange",
            "debit": other,
            "credit": other,
            "currency": "USD",
            "amount": 11,
            "target": new_id(),
            "effective_at": LONG_AGO,
        } | ({"expires_at": LONG_AGO} if kind == "hold" else {})

        results = {name: await ledger.one(again(first, **{name: value})) for name, value in changes.items()}

        assert {name: result.differs for name, result in results.items()} == {name: name for name in changes}
        for result in results.values():
            assert (result.outcome, result.amount, result.existed) == (stored.outcome, 10, True)
            assert result.recorded_at == stored.recorded_at
        left = (90, 0) if kind == "post" else (100, 10)
        assert await ledger.money(payer, other) == [left, (100, 0)]


@pytest.mark.parametrize("effective_at", [LONG_AGO, FAR_AHEAD])
async def test_the_time_that_a_transfer_counts_from_is_part_of_what_its_id_stands_for(
    open_ledger: OpenLedger, effective_at: datetime
) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        dated = transfer(payer, payee, 10, effective_at=effective_at)
        asks = [dated, dated, again(dated, effective_at=None), again(dated, effective_at=LONG_AGO - timedelta(days=1))]

        results = [await ledger.one(ask) for ask in asks]

        assert [result.differs for result in results] == [None, None, "effective_at", "effective_at"]
        assert outcomes(results) == ["posted"] * 4
        assert await ledger.money(payer, payee) == [(90, 0), (10, 0)]


async def test_limits_and_refusals_are_no_part_of_what_an_id_stands_for(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        first = transfer(payer, payee, 10)
        await ledger.one(first)

        later = await ledger.one(again(first, refusals=("fraud_declined",), max_credit_balance=1))

        assert (later.outcome, later.differs) == ("posted", None)
        assert await ledger.money(payer, payee) == [(90, 0), (10, 0)]


@pytest.mark.parametrize("replicas", [1, 2])
async def test_of_sixteen_equal_asks_at_once_one_moves_and_all_hear_the_same(
    open_ledger: OpenLedger, replicas: int
) -> None:
    async with open_ledger(replicas=replicas) as ledger:
        payer, payee = await ledger.wallet(1_000), await ledger.wallet()
        for item in (transfer(payer, payee, 7), hold(payer, payee, 7), transfer(payer, payee, 10_000)):
            results = await ledger.each_alone([item] * 16)

            assert sum(not result.existed for result in results) == 1
            assert len({(result.outcome, result.amount, result.code, result.recorded_at) for result in results}) == 1
            assert not any(result.differs for result in results)
        assert await ledger.money(payer, payee) == [(993, 7), (7, 0)]


async def test_equal_ids_in_one_batch_are_one_transfer(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        post, held = transfer(payer, payee, 10), hold(payer, payee, 20)

        results = await ledger.post(post, post, held, again(post, amount=99), held)

        assert [(result.outcome, result.amount) for result in results] == [
            ("posted", 10), ("posted", 10), ("held", 20), ("posted", 10), ("held", 20),
        ]  # fmt: skip
        assert [result.existed for result in results] == [False, True, False, True, True]
        assert [result.differs for result in results] == [None, None, None, "amount", None]
        assert await ledger.money(payer, payee) == [(90, 20), (10, 0)]


async def test_two_replicas_that_race_on_the_same_ids_and_accounts_store_each_once(open_ledger: OpenLedger) -> None:
    """Every batch goes to both replicas at once; one of them sees it backwards, so that ids and accounts cross."""
    async with open_ledger(replicas=2) as ledger:
        wallets = [await ledger.wallet(1_000) for _ in range(4)]
        batches = [
            [transfer(wallets[n % 4], wallets[(n + step) % 4], 1 + n % 3) for n in range(12)]
            + [hold(wallets[step], wallets[0], 5, expires_at=FAR_AHEAD)]
            for step in (1, 2, 3)
            for _ in range(4)
        ]

        first, second = ledger.replicas
        answers = await asyncio.gather(
            *(first.post(batch) for batch in batches), *(second.post(batch[::-1]) for batch in batches)
        )

        for forward, backward in zip(answers[:12], answers[12:], strict=True):
            for one, other in zip(forward, backward[::-1], strict=True):
                assert (one.id, one.outcome, one.recorded_at) == (other.id, other.outcome, other.recorded_at)
                assert {one.existed, other.existed} == {False, True}
                assert one.outcome in ("posted", "held")
        accounts = await ledger.ledger.accounts(wallets)
        assert sum(account.posted for account in accounts) == 4_000
        assert [account.held for account in accounts] == [0, 20, 20, 20]
        assert sum(account.version for account in accounts) == 4 + 2 * 13 * 12


async def test_one_id_asked_for_between_different_accounts_at_once_moves_between_two_of_them(
    open_ledger: OpenLedger,
) -> None:
    """No account is common to the asks: only the id is."""
    async with open_ledger(replicas=2) as ledger:
        pairs = [(await ledger.wallet(100), await ledger.wallet()) for _ in range(8)]
        id_ = new_id()

        results = await ledger.each_alone([transfer(payer, payee, 10, id=id_) for payer, payee in pairs])

        assert sum(not result.existed for result in results) == 1
        assert sum(result.differs is None for result in results) == 1
        assert {result.outcome for result in results} == {"posted"}
        money = await ledger.money(*(payee for _, payee in pairs))
        assert sorted(money) == [(0, 0)] * 7 + [(10, 0)]


async def test_what_a_stopping_replica_was_asked_is_done_once(open_ledger: OpenLedger) -> None:
    """Half of the asks go to a replica that stops meanwhile; whoever was not answered asks the other one."""
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(1_000), await ledger.wallet()
        posts = [transfer(payer, payee, 1) for _ in range(200)]
        async with open_ledger() as stopping:
            asks = [asyncio.create_task(stopping.one(post)) for post in posts]
            await asyncio.wait(asks, return_when=asyncio.FIRST_COMPLETED)
        answers = await asyncio.gather(*asks, return_exceptions=True)

        results = await ledger.each_alone(posts)

        for answer, result in zip(answers, results, strict=True):
            assert result.outcome == "posted"
            if isinstance(answer, TransferResult):
                assert (result.recorded_at, result.existed) == (answer.recorded_at, True)
        assert await ledger.money(payer, payee) == [(800, 0), (200, 0)]


async def test_currencies_of_one_batch_do_not_mix(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        euros = await ledger.wallet(100), await ledger.wallet()
        yen = await ledger.wallet(100, currency="JPY"), await ledger.wallet(currency="JPY")
        there = [transfer(*euros, 60), transfer(*yen, 70, currency="JPY"), transfer(*euros, 40)]

        assert outcomes(await ledger.post(*there)) == ["posted"] * 3
        wrong = [
            transfer(euros[1], yen[0], 1),
            transfer(yen[1], yen[0], 1),
            transfer(yen[1], yen[0], 1, currency="JPY"),
        ]
        assert outcomes(await ledger.post(*wrong)) == ["currency_mismatch", "currency_mismatch", "posted"]

        assert await ledger.money(*euros, *yen) == [(0, 0), (100, 0), (31, 0), (69, 0)]


async def test_ids_from_any_month_are_stored_once(open_ledger: OpenLedger) -> None:
    """Ids of long ago and of far ahead lie in the default partition; they are found there again."""
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        low = new_id().int & ((1 << 80) - 1)
        posts = [
            transfer(payer, payee, 1, id=type(payer)(int=when << 80 | low)) for when in (0, 1 << 40, (1 << 48) - 1)
        ]

        first = await ledger.post(*posts)
        repeated = await ledger.post(*posts)

        assert outcomes(first) == outcomes(repeated) == ["posted"] * 3
        assert [result.existed for result in repeated] == [True] * 3
        assert await ledger.money(payer, payee) == [(97, 0), (3, 0)]


async def test_what_is_wrong_in_itself_is_refused_whole_and_stored_nowhere(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        good = transfer(payer, payee, 1)
        caller = ledger.visitor()
        document = msgspec.to_builtins(good)
        for field, wrong in {
            "amount": 0,
            "currency": "XXX",
            "credit": str(payer),
            "linked": True,
            "refusals": ["Not A Code"],
            "effective_at": "2024-01-01T00:00:00",
            "kind": "steal",
            "surprise": 1,
        }.items():
            body = {"transfers": [document, document | {"id": str(new_id()), field: wrong}]}

            answer = await caller.post("/internal/transfers", body)

            assert (answer.status, answer.problem()["code"]) == (422, "invalid_request"), (field, answer)
        assert await ledger.rows("SELECT count(*) FROM ledger.transfers WHERE purpose = 'payment'") == [(0,)]
        assert await ledger.money(payer, payee, RAIL, FEES) == [(100, 0), (0, 0), (100, 0), (0, 0)]


async def test_only_services_that_move_money_may_post(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        payer, payee = await ledger.wallet(100), await ledger.wallet()
        body = {"transfers": [msgspec.to_builtins(transfer(payer, payee, 1))]}
        for caller, status in (("fraud-service", 403), ("wallet-service", 200)):
            assert (await ledger.visitor(caller).post("/internal/transfers", body)).status == status
        assert await ledger.money(payer, payee) == [(99, 0), (1, 0)]
