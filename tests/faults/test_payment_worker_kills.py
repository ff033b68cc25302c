"""Kill -9 of the payment worker at every point where it waits for something.

The ledger, fraud, compliance, wallets and the api of payment-service run here; the worker runs in a process that kills
itself at its n-th suspension. n rises until a worker brings all payments to their end.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from tests.faults import killed_worker
from tests.support.databases import FreshDatabase
from tests.support.desk import order
from tests.support.house import OPERATOR_KEY, House, Visitor
from waqiti.contracts.catalog import COMPLIANCE, FRAUD, LEDGER, PAYMENT, WALLET
from waqiti.foundation.settings import variable_name
from waqiti.services.compliance.service import SERVICE as COMPLIANCE_SERVICE
from waqiti.services.fraud.service import SERVICE as FRAUD_SERVICE
from waqiti.services.ledger.service import SERVICE as LEDGER_SERVICE
from waqiti.services.payment.service import SERVICE as PAYMENT_SERVICE
from waqiti.services.wallet.service import SERVICE as WALLET_SERVICE

OTHERS = (LEDGER_SERVICE, COMPLIANCE_SERVICE, FRAUD_SERVICE, WALLET_SERVICE)
FUNDS = 100_000
MOST_KILLS = 400
ROUND_SECONDS = 20
TOO_MUCH = 10_000_000

_OPEN = "SELECT count(*) FROM states WHERE status IN ('created', 'screening')"
_ENDINGS = """
SELECT count(*) FROM eventlog.events
WHERE topic = 'payment-results' AND type IN ('payment.captured', 'payment.authorized', 'payment.failed')
GROUP BY subject
"""
_MOVED = """
SELECT count(*) FROM ledger.transfers t WHERE t.purpose IN ('payment', 'fee') AND t.outcome <> 'refused' GROUP BY t.id
"""


class Street:
    """What the test uses: the services as a client sees them, and the payment database."""

    def __init__(self, house: House, addresses: dict[str, str]) -> None:
        self.payments = house.client(addresses[PAYMENT])
        self.wallets = house.client(addresses[WALLET])
        self.customers = house.client(addresses[COMPLIANCE], OPERATOR_KEY)
        self.house = house
        self.made: list[str] = []

    async def wallet(self, funds: int = 0) -> str:
        customer = (await self.customers.post("/v1/customers", {"name": "Somebody Else", "country": "DE"})).document()
        wallet = (await self.wallets.post("/v1/wallets", {"customer_id": customer["id"], "currency": "EUR"})).document()
        if funds:
            body = {"wallet_id": wallet["id"], "amount": funds, "currency": "EUR", "rail": "sandbox"}
            deposit = (await self.wallets.post("/v1/deposits", body)).document()
            assert (await self.wallets.settled(f"/v1/deposits/{deposit['id']}"))["status"] == "settled"
        return str(wallet["id"])

    async def pay(self, payer: str, payee: str) -> None:
        """Ask for one payment of each kind, and wait for none."""
        for body in (
            order(payer, payee, 10, fee=1, description="For somebody"),
            order(payer, payee, 7, capture="manual"),
            order(payer, payee, TOO_MUCH),
        ):
            headers = {"Content-Type": "application/json", "Prefer": "wait=0", "Idempotency-Key": os.urandom(8).hex()}
            answer = await self.payments.send("POST", "/v1/payments", body, headers)
            assert answer.status == 202, answer
            self.made.append(answer.document()["id"])

    async def rows(self, deployment: str, statement: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.house.databases[deployment].admin_url)
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    async def open_payments(self) -> int:
        (row,) = await self.rows(PAYMENT, _OPEN)
        return int(row["count"])


class Workers:
    """Starts one worker after another."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._input = process.stdin
        self._output = process.stdout

    async def work(self, limit: int, street: Street) -> str:
        """Run a worker until it has killed itself, or all payments have ended; return ``killed`` or ``ended``."""
        self._input.write(b"%d\n" % limit)
        pid = int(await self._word())
        ended = asyncio.create_task(self._word())
        async with asyncio.timeout(ROUND_SECONDS):
            while not ended.done():
                if await street.open_payments() == 0:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGTERM)
                await asyncio.wait({ended}, timeout=0.05)
        return ended.result()

    async def _word(self) -> str:
        while True:
            line = (await self._output.readline()).decode()
            assert line, "the workers are gone"
            if line.startswith("! "):
                return line[2:].strip()


@contextlib.asynccontextmanager
async def served(house: House) -> AsyncIterator[tuple[Street, Workers]]:
    """Serve everything but the worker of payment-service."""
    async with (
        house.serving(OTHERS) as others,
        house.serving([PAYMENT_SERVICE], elsewhere=others, role="api") as payment,
    ):
        environment = house.environment(PAYMENT) | {
            variable_name(name): others[name] for name in (LEDGER, FRAUD, COMPLIANCE, WALLET)
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            killed_worker.__name__,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(killed_worker.Orders(environment)) + b"\n")
        try:
            yield Street(house, others | payment), Workers(process)
        finally:
            process.stdin.close()
            await process.wait()


@pytest.mark.timeout(170)
async def test_every_payment_ends_once_wherever_its_worker_was_killed(
    tmp_path: Path, fresh_database: Callable[[str], FreshDatabase]
) -> None:
    house = House(tmp_path, fresh_database, (LEDGER, COMPLIANCE, FRAUD, WALLET, PAYMENT))
    async with served(house) as (street, workers):
        payer, payee = await street.wallet(FUNDS), await street.wallet()
        kills = 0
        await street.pay(payer, payee)
        while await workers.work(kills + 1, street) == "killed":
            kills += 1
            assert kills < MOST_KILLS
            await street.pay(payer, payee)
        sys.stdout.write(f"the payments survived {kills} kills\n")
        assert kills > 30, "the worker was killed at every suspension"
        await assert_each_ended_once(street, payer, payee)
    await house.assert_books_balance()


async def assert_each_ended_once(street: Street, payer: str, payee: str) -> None:
    payments = [(await street.payments.get(f"/v1/payments/{payment}")).document() for payment in street.made]
    third = len(street.made) // 3
    assert Counter(payment["status"] for payment in payments) == {
        "captured": third,
        "authorized": third,
        "failed": third,
    }
    assert {row["count"] for row in await street.rows(PAYMENT, _ENDINGS)} == {1}
    moved = await street.rows(LEDGER, _MOVED)
    assert len(moved) == 3 * third, "a post, its fee and a hold for each three"
    assert await balance(street.wallets, payer) == (FUNDS - 10 * third, 7 * third)
    assert await balance(street.wallets, payee) == (9 * third, 0)


async def balance(wallets: Visitor, wallet: str) -> tuple[int, int]:
    found: Any = (await wallets.get(f"/v1/wallets/{wallet}/balance")).document()
    return found["posted"], found["held"]
