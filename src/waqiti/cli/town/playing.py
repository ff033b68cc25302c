"""Plays a day: who takes part moves in, and pays."""

from typing import Final

import msgspec

from waqiti.cli.town.explaining import Explanation, explanations
from waqiti.cli.town.orders import orders
from waqiti.cli.town.paying import CLIENTS, PayingDay
from waqiti.cli.town.settling import TownHall, newcomers
from waqiti.cli.town.showing import DemoProgress
from waqiti.cli.town.tally import Tally
from waqiti.client import AsyncClient, ConnectionFailed, Unauthorized
from waqiti.operations.cluster.credentials_file import Credentials
from waqiti.simulation import Town

_ATTEMPTS: Final = 8
"""Of a call: enough for a service that is killed meanwhile to come back."""


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """A day that was played; ``seconds`` is what its payments took, without moving in."""

    tally: Tally
    seconds: float
    explanations: list[Explanation]


class NobodyAnswers(Exception):
    """There is no platform at the address, or it does not know the key."""


async def play(credentials: Credentials, town: Town, count: int, progress: DemoProgress) -> Played:
    """Play the first ``count`` payments of a town on a platform.

    Raises:
        NobodyAnswers: nothing has been done.
        WaqitiError: the platform refuses a request, or has stopped answering.
    """
    await _ask(credentials)
    clients = _client(credentials.api_key, credentials), _client(credentials.operator_key, credentials)
    async with clients[0] as client, clients[1] as operator:
        return await _play(TownHall(client, operator), client, town, count, progress)


async def _play(hall: TownHall, client: AsyncClient, town: Town, count: int, progress: DemoProgress) -> Played:
    day = orders(town, count)
    arriving = newcomers(town, day)
    with progress.of("Moving in", len(arriving)) as advance:
        wallets = await hall.settle(arriving, advance)
    paying = PayingDay(client, wallets, frozenset(merchant.id for merchant in town.merchants))
    with progress.of("Paying", len(day)) as advance:
        seconds = await paying.send(day, advance)
    names = {newcomer.id: newcomer.name for newcomer in arriving}
    return Played(tally=paying.tally, seconds=seconds, explanations=explanations(paying.tally, names))


def _client(key: str, credentials: Credentials) -> AsyncClient:
    return AsyncClient(credentials.base_url, key, max_connections=CLIENTS, max_attempts=_ATTEMPTS)


async def _ask(credentials: Credentials) -> None:
    try:
        async with AsyncClient(credentials.base_url, credentials.api_key, max_attempts=2) as client:
            await client.wallets.list(limit=1)
    except (ConnectionFailed, Unauthorized) as error:
        raise NobodyAnswers(str(error)) from error
