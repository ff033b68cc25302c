"""Generated batches on the real database, by two replicas in turn, against a ledger that sums everything anew."""

from collections.abc import Callable
from typing import Literal
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.databases import FreshDatabase
from tests.support.ledger_batches import ACCOUNTS, NOW, batches, funding
from tests.support.ledger_model import ModelAccount, NaiveLedger, Outcome
from waqiti.contracts.catalog import LEDGER
from waqiti.contracts.ledger import AccountIds, SetFlags, Transfer, TransferResult
from waqiti.foundation.database import Database
from waqiti.services.ledger.usecases.accounts import open_accounts, set_flags
from waqiti.services.ledger.usecases.posting import post
from waqiti.services.ledger.usecases.reading import read_accounts
from waqiti.services.ledger.usecases.verify import verify

Frozen = dict[UUID, Literal["debits", "all"]]

_WALLETS = st.sampled_from([account.id for account in ACCOUNTS[:3]])
_SCOPES: st.SearchStrategy[Literal["debits", "all"]] = st.sampled_from(["debits", "all"])


@settings(max_examples=20)
@given(runs=batches(), frozen=st.dictionaries(_WALLETS, _SCOPES, max_size=1))
async def test_every_outcome_and_balance_in_the_database_is_that_of_the_naive_ledger(
    fresh_database: Callable[[str], FreshDatabase], runs: list[list[Transfer]], frozen: Frozen
) -> None:
    url = fresh_database(LEDGER).url
    naive = NaiveLedger(accounts={facts.id: ModelAccount(facts) for facts in ACCOUNTS})
    replicas = [await Database.open(url, name=LEDGER) for _ in range(2)]
    try:
        await open_accounts(replicas[0], ACCOUNTS)
        for number, batch in enumerate([funding(), *runs]):
            results = await post(replicas[number % 2], batch)
            assert [plain(result) for result in results] == naive.post(batch, NOW)
            if number == 0:
                await freeze(replicas[0], naive, frozen)
        for account in await read_accounts(replicas[1], AccountIds([facts.id for facts in ACCOUNTS])):
            sign = -1 if account.kind == "rail" else 1
            assert sign * account.posted == naive.posted(account.id)
            assert account.pending_credits == naive.expected(account.id)
            assert account.held == (naive.expected if sign < 0 else naive.held)(account.id)
    finally:
        for database in replicas:
            await database.close()
    verdict = await verify(url)
    assert verdict.balanced, verdict.problems


async def freeze(database: Database, naive: NaiveLedger, frozen: Frozen) -> None:
    for account, scope in frozen.items():
        flags = SetFlags(action="freeze", scope=scope, reason="A test.", actor="key_test")
        await set_flags(database, account, flags, service=LEDGER)
        naive.accounts[account].frozen = scope


def plain(result: TransferResult) -> Outcome:
    return Outcome(result.outcome, result.amount, result.code, result.existed, result.differs)
