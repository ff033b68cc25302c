"""A customer who is found on a sanctions list: all that they have is frozen, and all that they will have."""

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg

from tests.integration.wallet.conftest import ALL, Bank, OpenBank, movement, visited
from tests.integration.wallet.test_movements import becomes, rows_of
from tests.support.house import OPERATOR_KEY, House
from waqiti.contracts.catalog import COMPLIANCE, LEDGER, WALLET
from waqiti.contracts.wallet import FreezeCustomer, FrozenWallets, WalletClient
from waqiti.foundation.http.client import ServiceClient
from waqiti.foundation.ids import decode, encode, new_id
from waqiti.services.compliance.service import SERVICE as COMPLIANCE_SERVICE
from waqiti.services.ledger.service import SERVICE as LEDGER_SERVICE
from waqiti.services.wallet.service import SERVICE as WALLET_SERVICE

ON_THE_LIST = "Zorblat Quenvik"
REASON = "sanctions cus_test"


def uuid_of(prefix: str, text: str) -> UUID:
    found = decode(prefix, text)
    assert found is not None, text
    return found


async def in_compliance(house: House, statement: str, *arguments: object) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(house.databases[COMPLIANCE].admin_url)
    rows = await connection.fetch(statement, *arguments)
    await connection.close()
    return [tuple(row) for row in rows]


async def list_names(house: House, customer: str) -> None:
    """Bring about that the list in use, which has not seen the customer yet, names them."""
    statement = "UPDATE customers SET name = $2, screening_version = 'older' WHERE id = $1"
    await in_compliance(house, statement, uuid_of("cus", customer), ON_THE_LIST)


async def half_open(house: House, customer: str, currency: str = "EUR") -> str:
    """Store a wallet whose opening was cut off before the ledger was asked."""
    half = new_id()
    connection = await asyncpg.connect(house.databases[WALLET].admin_url)
    insert = "INSERT INTO wallets (id, customer_id, currency, created_at) VALUES ($1, $2, $3, now() - $4::interval)"
    await connection.execute(insert, half, uuid_of("cus", customer), currency, timedelta(hours=1))
    await connection.close()
    return encode("wal", half)


async def statuses(bank: Bank, *wallets: str) -> list[str]:
    return [(await bank.wallets.get(f"/v1/wallets/{wallet}")).document()["status"] for wallet in wallets]


async def freeze(house: House, url: str, customer: str, after: UUID | None = None) -> FrozenWallets:
    """Ask wallet-service as compliance-service does."""
    client = ServiceClient(WALLET, url, authorization=house.issuer(COMPLIANCE).authorization)
    asked = FreezeCustomer(customer_id=uuid_of("cus", customer), reason=REASON, after=after)
    answer = await WalletClient(client).freeze_customer(asked)
    await client.close()
    return answer


async def test_who_is_found_by_a_newer_list_has_all_wallets_frozen_and_keeps_the_money(house: House) -> None:
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)
        customer = await bank.customer()
        euro = await bank.wallet(funds=500, customer=customer)
        dollar = await bank.wallet(currency="USD", customer=customer)
        other = await bank.wallet(funds=30)
    await list_names(house, customer)
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)
        await becomes(lambda: statuses(bank, euro, dollar, other), ["frozen", "frozen", "active"])

        frozen = [("freeze", "all", f"sanctions {customer}", COMPLIANCE, WALLET)]
        assert await bank.flag_changes(euro) == await bank.flag_changes(dollar) == frozen
        assert await bank.flag_changes(other) == []
        deposit, withdrawal = await bank.deposit(euro, 70), await bank.withdraw(euro, 10)
        assert (deposit["status"], deposit["failure"]["code"]) == ("declined", "sanctions_hit")
        assert (withdrawal["status"], withdrawal["failure"]["code"]) == ("declined", "sanctions_hit")
        assert await bank.balance(euro) == (500, 0, 500)
        assert await bank.balance(other) == (30, 0, 30)
        assert await bank.system_balance("suspense") == 70
        driven = "SELECT count(*) FROM freezes WHERE customer_id = $1 AND frozen_at IS NOT NULL"
        assert await in_compliance(house, driven, uuid_of("cus", customer)) == [(1,)]


async def test_a_hold_of_who_is_frozen_is_given_back_when_the_rail_refuses(house: House) -> None:
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)
        customer = await bank.customer()
        wallet = await bank.wallet(funds=500, customer=customer)
        sent = await bank.wallets.post("/v1/withdrawals", movement(wallet, 200, "sandbox:delay=2,fail"))
        assert (await freeze(house, addresses[WALLET], customer)).frozen == 1
        assert await bank.balance(wallet) == (500, 200, 300)

        ended = await bank.wallets.settled(f"/v1/withdrawals/{sent.document()['id']}")

        assert (ended["status"], ended["failure"]["code"]) == ("failed", "rail_failed")
        assert await bank.balance(wallet) == (500, 0, 500)


async def test_wallets_are_frozen_as_soon_as_wallet_service_is_there(house: House) -> None:
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)
        customer = await bank.customer()
        wallet = await bank.wallet(funds=40, customer=customer)
    await list_names(house, customer)
    async with house.serving([COMPLIANCE_SERVICE, LEDGER_SERVICE]):
        tried = "SELECT count(*) FROM freezes WHERE attempts > 0 AND frozen_at IS NULL"
        await becomes(lambda: in_compliance(house, tried), [(1,)])
    await in_compliance(house, "UPDATE freezes SET next_at = now()")
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)

        await becomes(lambda: statuses(bank, wallet), ["frozen"])
        assert await bank.balance(wallet) == (40, 0, 40)


async def test_a_wallet_that_was_being_opened_when_its_customer_was_frozen_is_frozen(house: House) -> None:
    async with house.serving(ALL, role="api") as addresses:
        bank = visited(house, addresses)
        customer = await bank.customer()
        before = await half_open(house, customer)
        assert await freeze(house, addresses[WALLET], customer) == FrozenWallets(frozen=1, failed=0, next_after=None)
        after = await half_open(house, customer)
        asked = await bank.wallets.post("/v1/wallets", {"customer_id": customer, "currency": "USD"})
        assert (asked.status, asked.document()["status"]) == (201, "frozen")
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)
        for half in (before, after):
            await becomes(lambda half=half: bank.status_of(f"/v1/wallets/{half}"), 200)  # type: ignore[misc]

        assert await statuses(bank, before, after, asked.document()["id"]) == ["frozen"] * 3
        for wallet in (before, after):
            assert (await bank.deposit(wallet, 5))["failure"]["code"] == "wallet_frozen"
            assert await bank.flag_changes(wallet) == [("freeze", "all", REASON, COMPLIANCE, WALLET)]
            assert await bank.balance(wallet) == (0, 0, 0)
        assert await bank.system_balance("suspense") == 10


async def test_a_blocked_customer_who_is_taken_on_is_frozen_before_there_is_any_wallet(open_bank: OpenBank) -> None:
    async with open_bank() as bank:
        blocked = await bank.customer(ON_THE_LIST)
        frozen = "SELECT count(*) FROM customer_freezes"
        await becomes(lambda: rows_of(bank, frozen), [(1,)])

        wallet = await bank.wallet(customer=blocked)

        assert await statuses(bank, wallet) == ["frozen"]


async def test_what_a_customer_has_is_frozen_page_by_page_and_twice_changes_nothing(house: House) -> None:
    async with house.serving([COMPLIANCE_SERVICE, LEDGER_SERVICE, WALLET_SERVICE], role="api") as addresses:
        bank = visited(house, addresses)
        customer = await bank.customer()
        wallets = [await bank.wallet(customer=customer) for _ in range(53)]
        closed = await bank.wallets.post(f"/v1/wallets/{wallets[3]}/close", {"reason": "asked"})
        first = await freeze(house, addresses[WALLET], customer)
        second = await freeze(house, addresses[WALLET], customer, first.next_after)
        assert (closed.status, first.frozen, second.frozen, second.next_after) == (200, 50, 3, None)

        assert await freeze(house, addresses[WALLET], customer) == first

        del wallets[3]
        assert set(await statuses(bank, *wallets)) == {"frozen"}
        for wallet in (wallets[0], wallets[-1]):
            assert len(await bank.flag_changes(wallet)) == 1
            assert await bank.balance(wallet) == (0, 0, 0)


async def test_a_wallet_that_cannot_be_frozen_keeps_no_other_from_it_and_is_asked_for_again(house: House) -> None:
    async with house.serving(ALL, role="api") as addresses:
        bank = visited(house, addresses)
        customer = await bank.customer()
        await half_open(house, customer, "ZZZ")
        wallet = await bank.wallet(funds=40, customer=customer)

        answer = await freeze(house, addresses[WALLET], customer)

        assert answer == FrozenWallets(frozen=1, failed=1, next_after=None)
        assert await statuses(bank, wallet) == ["frozen"]
        assert await bank.balance(wallet) == (40, 0, 40)


async def test_no_single_wallet_of_a_frozen_customer_is_unfrozen(house: House) -> None:
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)
        customer = await bank.customer()
        wallet = await bank.wallet(funds=40, customer=customer)
        await freeze(house, addresses[WALLET], customer)

        refused = await bank.wallets.post(f"/v1/wallets/{wallet}/unfreeze", {"reason": "asked"})

        assert (refused.status, refused.problem()["code"]) == (409, "conflict")
        assert await statuses(bank, wallet) == ["frozen"]
        assert (await bank.withdraw(wallet, 10))["failure"]["code"] == "wallet_frozen"
        assert await bank.balance(wallet) == (40, 0, 40)


async def test_an_operator_unfreezes_the_wallets_of_who_was_cleared(house: House) -> None:
    async with house.serving(ALL) as addresses:
        bank, operator = visited(house, addresses), house.client(addresses[WALLET], OPERATOR_KEY)
        customer = await bank.customer(ON_THE_LIST)
        wallets = [await bank.wallet(customer=customer) for _ in range(2)]
        await becomes(lambda: statuses(bank, *wallets), ["frozen", "frozen"])
        unfreeze, reason = f"/v1/wallets/{wallets[0]}/unfreeze", {"reason": "cleared"}
        assert (await operator.post(unfreeze, reason)).status == 409

        (case,) = (await bank.customers.get("/v1/cases?status=open")).document()["data"]
        decided = await bank.customers.post(
            f"/v1/cases/{case['id']}/decision", {"outcome": "approve", "reason": "Somebody else"}
        )

        assert (decided.status, await statuses(bank, *wallets)) == (200, ["frozen", "frozen"])
        assert (await bank.wallets.post(unfreeze, reason)).status == 409
        assert (await operator.post(unfreeze, reason)).document()["status"] == "active"
        assert await statuses(bank, *wallets) == ["active", "frozen"]
        refused = await bank.wallets.post(f"/v1/wallets/{wallets[1]}/unfreeze", reason)
        assert (refused.status, refused.problem()["code"]) == (403, "forbidden")
        assert await statuses(bank, *wallets) == ["active", "frozen"]
        for action in ("freeze", "unfreeze"):
            own = await bank.wallets.post(f"/v1/wallets/{wallets[0]}/{action}", {"reason": "mislaid"})
            assert own.status == 200, action
        assert (await operator.post(f"/v1/wallets/{wallets[1]}/unfreeze", reason)).status == 200
        third = await bank.wallet(funds=30, customer=customer)
        assert await statuses(bank, third) == ["active"]
        assert (await bank.withdraw(third, 20))["status"] == "settled"
        assert await bank.balance(third) == (10, 0, 10)


async def test_who_was_cleared_before_wallet_service_was_there_is_not_frozen(house: House) -> None:
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)
        customer = await bank.customer()
        wallet = await bank.wallet(funds=40, customer=customer)
    await list_names(house, customer)
    async with house.serving([COMPLIANCE_SERVICE, LEDGER_SERVICE]) as addresses:
        tried = "SELECT count(*) FROM freezes WHERE attempts > 0 AND frozen_at IS NULL"
        await becomes(lambda: in_compliance(house, tried), [(1,)])
        operator = visited(house, {**addresses, WALLET: addresses[COMPLIANCE]}).customers
        (case,) = (await operator.get("/v1/cases")).document()["data"]
        await operator.post(f"/v1/cases/{case['id']}/decision", {"outcome": "approve", "reason": "Somebody else"})
    await in_compliance(house, "UPDATE freezes SET next_at = now()")
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)
        await becomes(lambda: in_compliance(house, "SELECT count(*) FROM freezes WHERE frozen_at IS NULL"), [(0,)])

        assert await statuses(bank, wallet) == ["active"]
        assert (await bank.withdraw(wallet, 10))["status"] == "settled"
        assert await bank.balance(wallet) == (30, 0, 30)


async def test_a_freeze_and_an_unfreeze_at_once_end_frozen(house: House) -> None:
    async with house.serving(ALL) as addresses:
        bank = visited(house, addresses)
        for _ in range(10):
            customer = await bank.customer()
            wallet = await bank.wallet(customer=customer)
            await bank.wallets.post(f"/v1/wallets/{wallet}/freeze", {"reason": "asked", "scope": "all"})

            unfreeze = bank.wallets.post(f"/v1/wallets/{wallet}/unfreeze", {"reason": "asked"})
            answer, _ = await asyncio.gather(unfreeze, freeze(house, addresses[WALLET], customer))

            assert answer.status in (200, 409)
            assert await statuses(bank, wallet) == ["frozen"]
            assert await bank.balance(wallet) == (0, 0, 0)


async def test_only_compliance_freezes_customers(house: House) -> None:
    async with house.serving([LEDGER_SERVICE, WALLET_SERVICE], role="api") as addresses:
        body = {"customer_id": str(new_id()), "reason": REASON}
        path = "/internal/customers/freeze"

        for caller, status in ((COMPLIANCE, 200), ("payment-service", 403), (LEDGER, 403)):
            answer = await house.internal_client(addresses[WALLET], caller).post(path, body)
            assert answer.status == status, (caller, answer)
        assert (await house.client(addresses[WALLET]).post(path, body)).status == 403
        compliance = house.internal_client(addresses[WALLET], COMPLIANCE)
        for wrong in ({}, {"reason": ""}, {"reason": "x" * 201}, {"reason": "a\nb"}, {"surprise": 1}):
            answer = await compliance.post(path, ({"customer_id": str(new_id())} if wrong else {}) | wrong)
            assert answer.status == 422, wrong
