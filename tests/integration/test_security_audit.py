"""While the switch is on, each authentication and authorisation is a line: who, where, granted or refused; ids only."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.raw import Answer, RawClient
from tests.support.small_service import API_KEY, CALLER, OPERATOR_KEY, STRANGER, THINGS, Credentials, things
from tests.support.switching import Board
from waqiti.foundation.runtime import serve_in_background

Lines = list[tuple[str, str, str, int]]


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"at"')]
    return [line for line in found if line["event"] in {"authentication", "authorisation"}]


def told(lines: list[dict[str, Any]]) -> Lines:
    return [(line["event"], line["outcome"], line["key_id"], line["status"]) for line in lines]


async def test_each_decision_about_who_may_is_a_line_while_the_switch_is_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    credentials, board = Credentials(tmp_path), Board(tmp_path)
    environment = credentials.environment() | board.variables
    async with serve_in_background([things()], {THINGS: environment}) as addresses:

        async def ask(path: str, key: str | None) -> Answer:
            return await asyncio.to_thread(RawClient(addresses[THINGS], key).send, "GET", path)

        def token(caller: str) -> str:
            return credentials.issuer(caller).authorization().decode().removeprefix("Bearer ")

        await ask("/v1/things/thing_1", API_KEY)
        assert lines_of(capsys) == [], "it is off"

        board.set(THINGS, "SECURITY_AUDIT", True)
        async with asyncio.timeout(1):
            while not told(lines_of(capsys)):
                await ask("/v1/things/thing_1", API_KEY)

        async def lines(path: str, key: str | None) -> Lines:
            await ask(path, key)
            return told(lines_of(capsys))

        granted, refused = ("authentication", "granted"), ("authorisation", "refused")
        assert await lines("/v1/operators", OPERATOR_KEY) == [
            (*granted, "key_operator", 200),
            ("authorisation", "granted", "key_operator", 200),
        ]
        assert await lines("/v1/operators", API_KEY) == [(*granted, "key_api", 403), (*refused, "key_api", 403)]
        assert await lines("/internal/framework", API_KEY) == [(*granted, "key_api", 403), (*refused, "key_api", 403)]
        assert await lines("/actuator/env", API_KEY) == [(*granted, "key_api", 403), (*refused, "key_api", 403)]
        assert await lines("/v1/things/thing_1", "wk_unknown") == [("authentication", "refused", "anonymous", 401)]
        assert await lines("/v1/things/thing_1", None) == [("authentication", "refused", "anonymous", 401)]
        assert await lines("/internal/framework", token(CALLER)) == [
            (*granted, f"service:{CALLER}", 200),
            ("authorisation", "granted", f"service:{CALLER}", 200),
        ]
        assert await lines("/internal/framework", token(STRANGER)) == [
            (*granted, f"service:{STRANGER}", 403),
            (*refused, f"service:{STRANGER}", 403),
        ]
        assert await lines("/actuator/health", None) == [], "whoever may come unasked is not asked"

        await ask("/v1/things/thing_1?limit=3", API_KEY)
        (line, _) = lines_of(capsys)
        assert (line["path"], line["route"]) == ("/v1/things/thing_1", "/v1/things/{thing_id}")
        assert line["service"] == THINGS
        assert API_KEY not in json.dumps(line)
        assert "limit" not in json.dumps(line)

        board.unset(THINGS, "SECURITY_AUDIT")
        async with asyncio.timeout(1):
            while await lines("/v1/things/thing_1", API_KEY):
                await asyncio.sleep(0.05)
