"""payment-service at work: the real ledger, the real databases, and deciders that say what a test wants."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Literal
from uuid import UUID, uuid4

import asyncpg

from tests.support.deciders import Deciders
from tests.support.house import API_KEY, OPERATOR_KEY, House
from tests.support.raw import Answer
from tests.support.tcp_proxy import TcpProxy
from waqiti.contracts.catalog import LEDGER, PAYMENT
from waqiti.contracts.ledger import Account, LedgerClient, OpenAccount, SetFlags, Transfer, system_account_id
from waqiti.contracts.ledger import system_accounts as accounts_of
from waqiti.contracts.payment import CONSUMER_GROUP, WAITING
from waqiti.contracts.wallet import WalletFacts
from waqiti.foundation.database import Database
from waqiti.foundation.events import DeadLetter, LogAdmin
from waqiti.foundation.http.client import Deadline, HttpClient, ServiceClient
from waqiti.foundation.ids import decode, encode, new_id
from waqiti.foundation.runtime import Service
from waqiti.foundation.security import TokenIssuer
from waqiti.services.ledger.service import SERVICE as LEDGER_SERVICE
from waqiti.services.payment.service import SERVICE as PAYMENT_SERVICE

TIMEOUT_SECONDS: Final = 20.0
_COUNTS: Final = {
    "payments": "SELECT count(*) AS rows FROM payments",
    "states": "SELECT count(*) AS rows FROM states",
    "parked": "SELECT count(*) AS rows FROM parked",
    "clocks": "SELECT count(*) AS rows FROM clocks",
    "refunds": "SELECT count(*) AS rows FROM refunds",
    "steps": "SELECT count(*) AS rows FROM steps",
}


class Desk:
    """Clients of payment-service and of the ledger, and what tests ask of them."""

    def __init__(self, house: House, deciders: Deciders, addresses: Mapping[str, str], tokens: TokenIssuer) -> None:
        self.house = house
        self.deciders = deciders
        self.addresses = addresses
        self._http = HttpClient(PAYMENT, addresses[PAYMENT])
        self.caller = ServiceClient(LEDGER, addresses[LEDGER], authorization=tokens.authorization)
        self.ledger = LedgerClient(self.caller)

    async def close(self) -> None:
        await self._http.close()
        await self.caller.close()

    # -- wallets

    async def wallet(self, funds: int = 0, currency: str = "EUR") -> str:
        """Make a wallet with an account and money in it; return its public id."""
        facts = self.deciders.wallet(currency)
        wallet = OpenAccount(id=facts.id, kind="wallet", currency=currency)
        await self.ledger.open_accounts([*accounts_of(currency), wallet])
        if funds:
            await self.fund(facts, funds)
        return encode("wal", facts.id)

    async def fund(self, facts: WalletFacts, funds: int) -> None:
        """Pay in."""
        rail = system_account_id("rail", facts.currency)
        deposit = Transfer(
            id=new_id(),
            kind="post",
            purpose="deposit",
            debit=rail,
            credit=facts.account_id,
            amount=funds,
            currency=facts.currency,
        )
        (result,) = await self.ledger.post([deposit])
        assert result.outcome == "posted", result

    async def account(self, wallet: str) -> Account:
        """Read the account of a wallet."""
        (account,) = await self.ledger.accounts([_uuid("wal", wallet)])
        return account

    async def balances(self, *wallets: str) -> tuple[int, ...]:
        """Return what each wallet can spend."""
        return tuple([(await self.account(wallet)).available for wallet in wallets])

    async def fees(self, currency: str = "EUR") -> int:
        """Return what the platform has earned."""
        (account,) = await self.ledger.accounts([system_account_id("fees", currency)])
        return account.posted

    async def set_flags(self, wallet: str, action: Any, scope: Any = "debits") -> None:
        """Freeze, unfreeze or close."""
        await self.ledger.set_flags(
            _uuid("wal", wallet), SetFlags(action=action, scope=scope, reason="A test.", actor="key_test")
        )

    # -- payments

    async def send(
        self, method: str, path: str, body: object | None = None, *, key: str = API_KEY, **headers: str
    ) -> Answer:
        """Send a request; a POST gets an idempotency key unless it brings one."""
        given = {"Authorization": f"Bearer {key}"}
        content = b""
        if body is not None:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            given |= {"Content-Type": "application/json", "Idempotency-Key": uuid4().hex}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [(name.encode(), value.encode()) for name, value in given.items()]
        answer = await self._http.request(method, path, headers=lines, body=content, deadline=Deadline(40))
        found = {name.decode().lower(): value.decode() for name, value in answer.headers}
        return Answer(answer.status, found, answer.body)

    async def pay(self, payer: str, payee: str, amount: int, currency: str = "EUR", **fields: Any) -> Any:
        """Pay, assert that it was accepted, and return the payment."""
        answer = await self.send("POST", "/v1/payments", order(payer, payee, amount, currency, **fields))
        assert answer.status in (201, 202), answer
        return answer.document()

    async def accept(self, payer: str, payee: str, amount: int, **fields: Any) -> Any:
        """Pay without waiting; return the payment as it was accepted."""
        answer = await self.send("POST", "/v1/payments", order(payer, payee, amount, **fields), Prefer="wait=0")
        assert answer.status == 202, answer
        return answer.document()

    async def payment(self, payment_id: str) -> Any:
        """Read a payment."""
        answer = await self.send("GET", f"/v1/payments/{payment_id}")
        assert answer.status == 200, answer
        return answer.document()

    async def becomes(self, payment_id: str, *statuses: str) -> Any:
        """Wait until the payment has one of ``statuses``, at most 20 s; return it."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while (payment := await self.payment(payment_id))["status"] not in statuses:
            assert time.monotonic() < deadline, payment
            await asyncio.sleep(0.02)
        return payment

    async def ends(self, payment_id: str) -> Any:
        """Wait until something was decided about the payment; return it."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while (payment := await self.payment(payment_id))["status"] in WAITING:
            assert time.monotonic() < deadline, payment
            await asyncio.sleep(0.02)
        return payment

    async def transitions(self, payment_id: str) -> list[str]:
        """Return the statuses that the payment has had, oldest first."""
        answer = await self.send("GET", f"/v1/payments/{payment_id}/events?limit=100")
        assert answer.status == 200, answer
        return [event["status"] for event in reversed(answer.document()["data"])]

    async def act(self, payment_id: str, what: str, body: object | None = None, **headers: str) -> Answer:
        """Capture, void or refund."""
        return await self.send("POST", f"/v1/payments/{payment_id}/{what}", body or {}, **headers)

    async def dead_letters(self) -> list[DeadLetter]:
        """List what the worker has put aside."""
        database = await Database.open(self.house.databases[PAYMENT].admin_url, name="look")
        try:
            return await LogAdmin(database).dead_letters(CONSUMER_GROUP)
        finally:
            await database.close()

    async def metric(self, name: str) -> float:
        """Return the sum of a metric over all its labels, 0 where there is none."""
        text = (await self.send("GET", "/actuator/prometheus", key=OPERATOR_KEY)).body.decode()
        lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
        return sum(float(value) for line, value in lines if line.partition("{")[0] == name)

    # -- the database, past the service

    async def sql(self, statement: str, *arguments: object) -> Sequence[asyncpg.Record]:
        """Run a statement in the payment database as its superuser."""
        connection = await asyncpg.connect(self.house.databases[PAYMENT].admin_url)
        try:
            return await connection.fetch(statement, *arguments)
        finally:
            await connection.close()

    @asynccontextmanager
    async def locked(self, payment_id: str) -> AsyncIterator[None]:
        """Hold the lock on a payment's state, so that whoever writes it runs into its time-out."""
        connection = await asyncpg.connect(self.house.databases[PAYMENT].admin_url)
        try:
            async with connection.transaction():
                await connection.execute("SELECT FROM states WHERE id = $1 FOR UPDATE", _uuid("pay", payment_id))
                yield
        finally:
            await connection.close()

    async def count(self, table: str) -> int:
        """Count the rows of a table."""
        (row,) = await self.sql(_COUNTS[table])
        return int(row["rows"])


async def until(what: str, holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something holds, at most 20 s."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not await holds():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.02)


def order(payer: str, payee: str, amount: int, currency: str = "EUR", **fields: Any) -> dict[str, Any]:
    """Return the body of a payment."""
    return {"from_wallet": payer, "to_wallet": payee, "amount": amount, "currency": currency} | fields


def uuid_of(payment: Any) -> UUID:
    """Return a payment's id as the databases hold it."""
    return _uuid("pay", payment["id"])


@asynccontextmanager
async def open_desk(
    house: House,
    deciders: Deciders,
    settings: Mapping[str, str],
    *,
    ledger: str | None = None,
    proxy: TcpProxy | None = None,
    through: str | None = None,
    role: Literal["api", "worker"] | None = None,
) -> AsyncIterator[Desk]:
    """Serve the ledger, payment-service and the deciders.

    A ``ledger`` that runs already is used as it is, by payment-service by way of ``proxy`` or the address ``through``.
    """
    services: list[Service[Any]] = [PAYMENT_SERVICE, *deciders.services()]
    elsewhere = {}
    if ledger is None:
        services.append(LEDGER_SERVICE)
    else:
        elsewhere[LEDGER] = through or (ledger if proxy is None else f"http://127.0.0.1:{proxy.port}")
    async with house.serving(services, elsewhere, {PAYMENT: settings}, role) as addresses:
        known = {LEDGER: ledger} if ledger is not None else {}
        desk = Desk(house, deciders, addresses | known, house.issuer(PAYMENT))
        try:
            yield desk
        finally:
            await desk.close()


def _uuid(prefix: str, text: str) -> UUID:
    identifier = decode(prefix, text)
    assert identifier is not None, text
    return identifier
