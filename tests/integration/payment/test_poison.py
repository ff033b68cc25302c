"""Whose fault it is: a payment that cannot be digested, a service that refuses us, a database of our own that does."""

import asyncio
import re
from urllib.parse import urlsplit

import pytest

from tests.integration.payment.conftest import OpenDesk
from tests.support.deciders import Deciders, approve
from tests.support.desk import Desk, open_desk, until, uuid_of
from tests.support.house import House
from tests.support.scripted_server import Exchange, ScriptedServer
from waqiti.contracts.catalog import LEDGER
from waqiti.contracts.fraud import FraudDecision, ScoreRequest
from waqiti.foundation.errors import Problem
from waqiti.foundation.runtime import serve_in_background
from waqiti.services.ledger.service import SERVICE as LEDGER_SERVICE

PATIENT = {"WAQITI_FRAUD_PATIENCE_SECONDS": "60"}
FORBIDDEN = b'{"status": 403, "code": "forbidden", "detail": "This route is for others."}'


def choke_on_thirteen(item: ScoreRequest) -> FraudDecision:
    if item.amount == 13:
        raise Problem.invalid("Thirteen is too much.")
    return approve(item)


async def is_dead(desk: Desk) -> bool:
    return bool(await desk.dead_letters())


async def test_a_database_of_our_own_that_stays_locked_makes_no_payment_poison(
    open_payments: OpenDesk, deciders: Deciders
) -> None:
    deciders.compliance = "away"
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = await desk.accept(payer, payee, 400)
        await desk.becomes(payment["id"], "screening")

        async with desk.locked(payment["id"]):
            deciders.compliance = "well"
            asked = len(deciders.requests)

            async def is_asked_thrice() -> bool:
                return len(deciders.requests) >= asked + 3

            await until("what cannot be written is asked about again and again", is_asked_thrice)
            assert await desk.balances(payer, payee) == (600, 400), "the money has moved"
        ended = await desk.ends(payment["id"])

        assert ended["status"] == "captured"
        assert await desk.balances(payer, payee) == (600, 400)
        assert await desk.transitions(payment["id"]) == ["created", "screening", "captured"]
        assert (await desk.count("parked"), await desk.dead_letters()) == (0, [])


async def test_poison_that_the_retries_find_goes_to_the_dead_letters_and_others_pass(
    open_payments: OpenDesk, deciders: Deciders
) -> None:
    deciders.fraud = deciders.compliance = "away"
    async with open_payments(**PATIENT) as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        poisoned = await desk.metric("payment_poisoned_total")
        first, poison, last = [await desk.accept(payer, payee, amount) for amount in (12, 13, 14)]
        for payment in (first, poison, last):
            await desk.becomes(payment["id"], "screening")

        deciders.score = choke_on_thirteen
        deciders.fraud = deciders.compliance = "well"

        for payment in (first, last):
            assert (await desk.ends(payment["id"]))["status"] == "captured"
        await until("the poison is in the dead letters", lambda: is_dead(desk))
        (letter,) = await desk.dead_letters()
        assert (letter.subject, letter.type) == (uuid_of(poison), "payment.created")
        assert "Thirteen is too much." in letter.error
        assert await desk.metric("payment_poisoned_total") == poisoned + 1
        assert (await desk.payment(poison["id"]))["status"] == "screening"
        assert await desk.balances(payer, payee) == (974, 26)
        assert await desk.count("parked") == 1


async def test_poison_is_asked_about_again_until_it_can_be_decided(open_payments: OpenDesk, deciders: Deciders) -> None:
    deciders.score = choke_on_thirteen
    async with open_payments(WAQITI_POISON_PAUSE_SECONDS="0.3") as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        poisoned = await desk.metric("payment_poisoned_total")
        payment = await desk.accept(payer, payee, 13)

        async def is_tried_again() -> bool:
            return await desk.metric("payment_poisoned_total") >= poisoned + 3

        await until("it is tried again, and still is poison", is_tried_again)
        assert (await desk.payment(payment["id"]))["status"] == "screening"
        assert await desk.balances(payer, payee) == (1_000, 0)
        deciders.score = approve
        ended = await desk.ends(payment["id"])

        assert ended["status"] == "captured"
        assert await desk.balances(payer, payee) == (987, 13)
        assert await desk.count("parked") == 0
        assert [letter.subject for letter in await desk.dead_letters()] == [uuid_of(payment)]


async def test_poison_is_not_asked_about_before_its_pause_is_over(open_payments: OpenDesk, deciders: Deciders) -> None:
    deciders.score = choke_on_thirteen
    async with open_payments() as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = await desk.accept(payer, payee, 13)
        await until("it is poison", lambda: is_dead(desk))
        deciders.score = approve
        asked = len(deciders.requests)

        deciders.compliance = "away"
        other = await desk.accept(payer, payee, 14)
        await desk.becomes(other["id"], "screening")
        deciders.compliance = "well"
        assert (await desk.ends(other["id"]))["status"] == "captured", "the retries have made their round"

        assert {request.id for request in deciders.requests[asked:]} == {uuid_of(other)}
        assert (await desk.payment(payment["id"]))["status"] == "screening"
        assert await desk.balances(payer, payee) == (986, 14)


async def test_no_time_that_passes_decides_about_poison(open_payments: OpenDesk, deciders: Deciders) -> None:
    deciders.score = choke_on_thirteen
    impatient = {
        "WAQITI_POISON_PAUSE_SECONDS": "0.2",
        "WAQITI_FRAUD_PATIENCE_SECONDS": "0.1",
        "WAQITI_LEDGER_PATIENCE_SECONDS": "0.1",
    }
    async with open_payments(**impatient) as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        payment = await desk.accept(payer, payee, 13)
        await until("it is poison", lambda: is_dead(desk))
        deciders.fraud = "away"
        asked = len(deciders.requests)

        async def is_asked_thrice() -> bool:
            return len(deciders.requests) >= asked + 3

        await until("it is asked about without an answer from fraud-service", is_asked_thrice)
        assert (await desk.payment(payment["id"]))["status"] == "screening"
        account = await desk.account(payer)
        assert (account.available, account.held) == (1_000, 0)


@pytest.mark.parametrize(
    ("service", "status"),
    [
        ("fraud", 400),
        ("fraud", 401),
        ("compliance", 403),
        ("compliance", 404),
        ("fraud", 405),
        ("compliance", 409),
        ("fraud", 413),
    ],
)
async def test_a_service_that_refuses_us_is_away_and_no_payment_is_poison(
    open_payments: OpenDesk, deciders: Deciders, service: str, status: int
) -> None:
    setattr(deciders, service, Problem(status, "odd", "It is your fault."))
    async with open_payments(**PATIENT) as desk:
        payer, payee = await desk.wallet(1_000), await desk.wallet()
        refused = await desk.metric("http_client_refused_total")
        payment = await desk.accept(payer, payee, 400)
        await desk.becomes(payment["id"], "screening")

        assert await desk.metric("http_client_refused_total") > refused
        assert await desk.balances(payer, payee) == (1_000, 0)
        setattr(deciders, service, "well")
        ended = await desk.ends(payment["id"])

        assert ended["status"] == "captured"
        assert await desk.balances(payer, payee) == (600, 400)
        assert (await desk.count("parked"), await desk.dead_letters()) == (0, [])


class Gate:
    """Stands before the ledger, and lets nobody in while it is closed."""

    def __init__(self, ledger: str) -> None:
        parts = urlsplit(ledger)
        self._address = (parts.hostname, parts.port)
        self.closed = False

    async def pass_on(self, exchange: Exchange) -> None:
        if self.closed:
            exchange.answer(FORBIDDEN, 403)
            return
        reader, writer = await asyncio.open_connection(*self._address)
        writer.write(exchange.request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        assert length is not None
        exchange.writer.write(head + await reader.readexactly(int(length[1])))
        writer.close()


async def test_a_ledger_that_refuses_us_is_waited_for(house: House, deciders: Deciders) -> None:
    async with serve_in_background([LEDGER_SERVICE], {LEDGER: house.environment(LEDGER)}) as addresses:
        gate = Gate(addresses[LEDGER])
        settings = {"WAQITI_FINISH_AFTER_SECONDS": "0.5"}
        async with (
            ScriptedServer(gate.pass_on).running() as server,
            open_desk(house, deciders, settings, ledger=addresses[LEDGER], through=server.url) as desk,
        ):
            payer, payee = await desk.wallet(1_000), await desk.wallet()
            manual = await desk.pay(payer, payee, 300, capture="manual")
            gate.closed = True
            payment = await desk.accept(payer, payee, 400)
            await desk.becomes(payment["id"], "screening")
            capture = await desk.act(manual["id"], "capture")

            assert (capture.status, capture.document()["status"]) == (202, "authorized")
            gate.closed = False
            assert (await desk.ends(payment["id"]))["status"] == "captured"
            await desk.becomes(manual["id"], "captured")
            assert await desk.balances(payer, payee) == (300, 700)
            assert (await desk.count("parked"), await desk.dead_letters()) == (0, [])
