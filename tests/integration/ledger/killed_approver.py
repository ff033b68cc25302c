"""Approves journal entries in processes of its own, and kills each at a later suspension than the one before."""

import hashlib
import sys
from functools import partial

import msgspec

from tests.support.killing import fork_each, until_suspension
from waqiti.contracts.catalog import LEDGER
from waqiti.contracts.public.ledger import NewJournalDecision
from waqiti.foundation.database import Database
from waqiti.foundation.idempotency import Answer, RequestKey
from waqiti.services.ledger.usecases.journal import Journal


class Orders(msgspec.Struct, frozen=True):
    """Entries to approve, the n-th by a process that dies at its n-th suspension."""

    database_url: str
    entries: list[str]


async def approve(orders: Orders, entry: str, limit: int) -> None:
    database = await Database.open(orders.database_url, name=LEDGER, min_idle=0)
    await until_suspension(limit, approved(Journal(database), entry))
    await database.close()


async def approved(journal: Journal, entry: str) -> Answer:
    """Approve under a key that belongs to the entry, so that whoever comes back after a kill uses it again."""
    digest = hashlib.sha256(b"approve").digest()
    decision = NewJournalDecision(outcome="approve", reason="Looked at it")
    answer = await journal.decide(RequestKey(digest, entry, digest), "req", entry, decision, "key_approver")
    assert answer.status == 200, answer
    return answer


def main() -> None:
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    fork_each(partial(approve, orders, entry) for entry in orders.entries)


if __name__ == "__main__":
    main()
