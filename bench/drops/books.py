"""Own arithmetic over every payment and every wallet, and that of the ledger beside it."""

import asyncio
import time
from collections import Counter
from typing import Final

import msgspec

from bench.drops.traffic import RESTING, Traffic
from waqiti.client import AsyncClient, pages
from waqiti.contracts.public.payments import Payment

_PATIENCE_SECONDS: Final = 60.0
_SHOWN: Final = 10


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """How the payments ended, and what is wrong with them: at best nothing."""

    payments: int
    by_status: dict[str, int]
    problems: list[str]


async def audit(client: AsyncClient, traffic: Traffic, wallets: list[str], funds: int) -> Books:
    """Read every payment and every wallet and add them up; each wallet began with ``funds``."""
    payments = await _at_rest(client)
    problems = [*_unlike_what_was_sent(traffic, payments), *await _unlike_balances(client, payments, wallets, funds)]
    statuses: Counter[str] = Counter(payment.status for payment in payments.values())
    return Books(payments=len(payments), by_status=dict(statuses), problems=problems[:_SHOWN])


async def _at_rest(client: AsyncClient) -> dict[str, Payment]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        payments = {payment.id: payment async for payment in pages(client.payments.list)}
        if time.monotonic() > deadline or all(payment.status in RESTING for payment in payments.values()):
            return payments
        await asyncio.sleep(0.5)


def _unlike_what_was_sent(traffic: Traffic, payments: dict[str, Payment]) -> list[str]:
    problems = [f"{one} was accepted and is not there" for one in traffic.accepted if one not in payments]
    unknown = len(payments.keys() - traffic.accepted.keys())
    if unknown > traffic.without_answer:
        problems.append(f"{unknown} payments that nobody accepted; {traffic.without_answer} were without an answer")
    for one, payment in payments.items():
        if payment.status not in RESTING:
            problems.append(f"{one} is still {payment.status}")
        sent = traffic.accepted.get(one)
        if sent and (sent.from_wallet, sent.to_wallet, sent.amount) != (*_wallets(payment), payment.amount):
            problems.append(f"{one} is not what was sent: {sent}")
    return problems


def _wallets(payment: Payment) -> tuple[str, str]:
    return payment.from_wallet, payment.to_wallet


async def _unlike_balances(
    client: AsyncClient, payments: dict[str, Payment], wallets: list[str], funds: int
) -> list[str]:
    posted, held = Counter(dict.fromkeys(wallets, funds)), Counter(dict.fromkeys(wallets, 0))
    for payment in payments.values():
        if payment.status == "captured":
            posted[payment.from_wallet] -= payment.amount
            posted[payment.to_wallet] += payment.amount
        elif payment.status == "in_review":
            held[payment.from_wallet] += payment.amount
    problems = []
    for wallet in wallets:
        balance = (await client.wallets.get(wallet)).balance
        if (balance.posted, balance.held) != (posted[wallet], held[wallet]):
            problems.append(f"{wallet} holds {balance}, and its payments say {posted[wallet]} and {held[wallet]} held")
    if posted.total() != funds * len(wallets):
        problems.append(f"{posted.total()} in all wallets, and {funds * len(wallets)} were paid in")
    return problems
