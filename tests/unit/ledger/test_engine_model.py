"""The engine against a ledger that sums everything anew."""

from collections import defaultdict
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tests.support.ledger_batches import ACCOUNTS, NOW, batches, funding
from tests.support.ledger_model import ModelAccount, NaiveLedger, Outcome
from waqiti.contracts.ledger import Transfer, TransferResult
from waqiti.services.ledger.domain.books import Hold, LedgerAccount, StoredTransfer
from waqiti.services.ledger.domain.engine import Evaluation, evaluate
from waqiti.services.ledger.domain.plain import plan_plain
from waqiti.services.ledger.domain.working import Known


class Memory:
    """Keeps what evaluations say is to be written."""

    def __init__(self, flags: dict[UUID, tuple[str, bool]]) -> None:
        self.accounts = {
            facts.id: LedgerAccount(
                id=facts.id,
                kind=facts.kind,
                currency=facts.currency,
                minimum=facts.minimum,
                posted_debits=0,
                posted_credits=0,
                pending_debits=0,
                pending_credits=0,
                version=0,
                last_at=NOW,
                frozen=flags.get(facts.id, ("none", False))[0],  # type: ignore[arg-type]
                closed=flags.get(facts.id, ("none", False))[1],
            )
            for facts in ACCOUNTS
        }
        self.transfers: dict[UUID, StoredTransfer] = {}
        self.holds: dict[UUID, Hold] = {}
        self.refunded: dict[UUID, int] = {}

    def post(self, batch: list[Transfer]) -> Evaluation:
        known = Known(
            accounts=self.accounts,
            transfers=self.transfers,
            holds=self.holds,
            refunded=self.refunded,
            recorded_at=NOW,
        )
        evaluation = evaluate(batch, known)
        self._write(evaluation)
        return evaluation

    def _write(self, evaluation: Evaluation) -> None:
        for row in evaluation.transfers:
            assert row.id not in self.transfers
            self.transfers[row.id] = row
        for hold in evaluation.holds:
            self.holds[hold.id] = hold
        for id_, by in evaluation.resolved.items():
            fields = {name: getattr(self.holds[id_], name) for name in Hold.__struct_fields__}
            self.holds[id_] = Hold(**fields | {"resolved_by": by})
        for total in evaluation.refunds:
            self.refunded[total.target] = total.refunded
            assert 0 < total.refunded <= total.moved
        for account in evaluation.accounts:
            before = account.before
            fields = {name: getattr(before, name) for name in LedgerAccount.__struct_fields__}
            fields |= {name: getattr(account, name) for name in account.__slots__ if name != "before"}
            self.accounts[before.id] = LedgerAccount(**fields)


_FLAGS = st.dictionaries(
    st.sampled_from([account.id for account in ACCOUNTS[:3]]),
    st.tuples(st.sampled_from(["none", "debits", "all"]), st.integers(0, 9).map(lambda n: n == 0)),
    max_size=1,
)


@given(runs=batches(), flags=_FLAGS)
def test_every_outcome_and_balance_is_that_of_the_naive_ledger(
    runs: list[list[Transfer]], flags: dict[UUID, tuple[str, bool]]
) -> None:
    naive, memory = NaiveLedger(), Memory(flags)
    for facts in ACCOUNTS:
        frozen, closed = flags.get(facts.id, ("none", False))
        naive.accounts[facts.id] = ModelAccount(facts, frozen, closed)

    for batch in [funding(), *runs]:
        evaluation = memory.post(batch)
        assert [plain(result) for result in evaluation.results] == naive.post(batch, NOW)
        assert_balanced(evaluation)

    for id_, account in memory.accounts.items():
        assert account.posted_credits - account.posted_debits == naive.posted(id_)
        assert account.pending_debits == naive.held(id_)
        assert account.pending_credits == naive.expected(id_)
        assert account.minimum is None or naive.available(id_) >= account.minimum


@given(runs=batches())
def test_a_plain_batch_that_every_account_can_bear_posts_just_as_it_was_folded(runs: list[list[Transfer]]) -> None:
    memory = Memory({})
    for batch in [funding(), *runs]:
        plan = plan_plain(batch)
        before = dict(memory.accounts)
        fresh = all(item.id not in memory.transfers for item in batch)
        evaluation = memory.post(batch)
        if plan is None or not fresh or not all(account.id in before for account in plan.accounts):
            continue
        bears = True
        for folded in plan.accounts:
            account = before[folded.id]
            posted = account.posted_credits - account.posted_debits
            room = posted - account.pending_debits + folded.lowest
            bears &= account.currency == folded.currency
            bears &= account.minimum is None or room >= account.minimum
            bears &= folded.ceiling is None or posted + account.pending_credits <= folded.ceiling
        assert bears == all(result.outcome == "posted" for result in evaluation.results)
        if bears:
            assert_same_entries(plan.transfers, evaluation, before)


def assert_same_entries(rows: object, evaluation: Evaluation, before: dict[UUID, LedgerAccount]) -> None:
    folded = []
    for row in rows:  # type: ignore[attr-defined]
        for side, posted, version in (
            (row.debit, row.debit_posted, row.debit_version),
            (row.credit, row.credit_posted, row.credit_version),
        ):
            account = before[side.id]
            balance = account.posted_credits - account.posted_debits
            folded.append((row.item.id, side.id, balance + posted, account.version + version))
    assert folded == [(e.transfer_id, e.account_id, e.posted, e.version) for e in evaluation.entries]


def plain(result: TransferResult) -> Outcome:
    return Outcome(result.outcome, result.amount, result.code, result.existed, result.differs)


def assert_balanced(evaluation: Evaluation) -> None:
    sums: dict[tuple[UUID, str], int] = defaultdict(int)
    for entry in evaluation.entries:
        sums[entry.transfer_id, "posted"] += entry.posted_change
        sums[entry.transfer_id, "pending"] += entry.pending_change
    assert not any(sums.values())
