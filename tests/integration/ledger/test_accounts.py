"""Opening accounts and reading them."""

import asyncio

import msgspec
import pytest

from tests.integration.ledger.conftest import OpenLedger
from waqiti.contracts.ledger import OpenAccount
from waqiti.foundation.errors import Problem
from waqiti.foundation.ids import new_id


async def test_opening_the_same_account_again_finds_it_as_it_is(open_ledger: OpenLedger) -> None:
    async with open_ledger(replicas=2) as ledger:
        await ledger.wallet()
        opened = OpenAccount(id=new_id(), kind="wallet", currency="EUR")

        asks = [ledger.replicas[number % 2].open_accounts([opened]) for number in range(8)]
        answers = await asyncio.gather(*asks)
        await ledger.fund(opened.id, 70)
        (again,) = await ledger.ledger.open_accounts([opened])

        assert {answer[0].id for answer in answers} == {opened.id}
        assert (again.posted, again.available, again.version) == (70, 70, 1)


@pytest.mark.parametrize(("field", "other"), [("kind", "suspense"), ("currency", "USD"), ("minimum", -5)])
async def test_an_account_that_is_there_with_another_content_is_a_conflict_and_opens_nothing(
    open_ledger: OpenLedger, field: str, other: object
) -> None:
    async with open_ledger() as ledger:
        there = OpenAccount(id=new_id(), kind="wallet", currency="EUR")
        beside = OpenAccount(id=new_id(), kind="wallet", currency="EUR")
        await ledger.ledger.open_accounts([there])

        with pytest.raises(Problem) as refused:
            await ledger.ledger.open_accounts([beside, msgspec.structs.replace(there, **{field: other})])

        assert (refused.value.status, refused.value.code) == (409, "conflict")
        assert [account.id for account in await ledger.ledger.accounts([beside.id, there.id])] == [there.id]


async def test_an_account_that_nobody_could_open_is_invalid(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        good = OpenAccount(id=new_id(), kind="wallet", currency="EUR")
        for wrong in (
            [msgspec.structs.replace(good, currency="XXX")],
            [msgspec.structs.replace(good, minimum=1)],
            [msgspec.structs.replace(good, kind="rail")],
            [good, good],
            [],
        ):
            with pytest.raises(Problem) as refused:
                await ledger.ledger.open_accounts(wrong)
            assert refused.value.status == 422
        assert await ledger.ledger.accounts([good.id]) == []


async def test_accounts_are_read_in_the_order_asked_without_unknown_ones(open_ledger: OpenLedger) -> None:
    async with open_ledger() as ledger:
        wallets = [await ledger.wallet(amount) for amount in (3, 1, 2)]
        found = await ledger.ledger.accounts([wallets[1], new_id(), wallets[0], wallets[2]])
        assert [account.posted for account in found] == [1, 3, 2]
