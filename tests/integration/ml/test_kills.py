"""Registering and promoting, killed at every suspension and done again."""

import pytest

from tests.integration.ml import killed_changer
from tests.support.house import House
from tests.support.killing import kill_at_every_suspension
from tests.support.models import rows
from waqiti.contracts.catalog import ML


@pytest.mark.timeout(60)
async def test_what_is_killed_anywhere_is_done_once_when_it_is_done_again(house: House) -> None:
    kills = await kill_at_every_suspension(killed_changer, killed_changer.Orders(house.databases[ML].url, 120))

    assert kills > 10
    assert await rows(house, "SELECT version, source FROM models ORDER BY id") == [
        ("v1.0.0", "shipped"),
        ("v1.0.1", "trained"),
    ]
    assert await rows(house, "SELECT revision, version, kind FROM champions ORDER BY revision") == [
        (1, "v1.0.0", "initial"),
        (2, "v1.0.1", "promote"),
    ]
    assert await rows(house, "SELECT revision, version FROM registry") == [(2, "v1.0.1")]
