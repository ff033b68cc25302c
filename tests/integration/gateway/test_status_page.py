"""The public status page: for everybody, in every mode, and services are asked once however many look."""

import asyncio
from pathlib import Path

from tests.integration.gateway.test_forwarding import running_edge

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8"}
JSON = {"Accept": "application/json"}


async def test_anybody_is_shown_a_page_or_told_in_json(tmp_path: Path) -> None:
    async with running_edge(tmp_path) as edge:
        shown = await edge.send("GET", "/status", None, BROWSER, key=None)
        told = await edge.send("GET", "/status", None, JSON, key=None)
        plain = await edge.send("GET", "/status", None, {"Accept": "*/*"}, key="wk_unknown")
        head = await edge.send("HEAD", "/status", key=None)

        assert (shown.status, shown.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "default-src 'none'" in shown.headers["content-security-policy"]
        assert "script-src" not in shown.headers["content-security-policy"]
        assert shown.headers["cache-control"] == "public, max-age=2"
        assert b"Some things do not work at the moment." in shown.body
        assert (plain.status, plain.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert (head.status, head.body) == (200, b"")
        assert (told.status, told.headers["content-type"], told.headers["vary"]) == (200, "application/json", "accept")
        document = told.document()
        assert set(document) == {"status", "summary", "capabilities", "notices"}
        assert document["status"] == "unavailable", "only payment-service runs here"
        assert {one["name"]: one["status"] for one in document["capabilities"]} == {
            "Payments": "unavailable",
            "Wallets": "unavailable",
            "Deposits and withdrawals": "unavailable",
            "API": "operational",
        }


async def test_it_is_shown_in_maintenance_and_says_so(tmp_path: Path) -> None:
    async with running_edge(tmp_path, MAINTENANCE_MODE="true") as edge:
        document = (await edge.send("GET", "/status", None, JSON, key=None)).document()

        assert (document["status"], document["summary"]) == ("maintenance", "We are doing maintenance.")
        assert document["notices"][0].startswith("Maintenance: ")
        assert (await edge.send("GET", "/v1/payments", key=None)).status == 503


async def test_however_many_look_services_are_asked_once(tmp_path: Path) -> None:
    async with running_edge(tmp_path) as edge:
        await asyncio.gather(*(edge.send("GET", "/status", None, JSON, key=None) for _ in range(20)))

        assert edge.behind.health_asked == 1


async def test_health_says_which_modes_a_deployment_is_in(tmp_path: Path) -> None:
    async with running_edge(tmp_path, EMERGENCY_MODE="true") as edge:
        own = await edge.send("GET", "/actuator/health", key=None)

        assert (own.status, own.document()["modes"]) == (200, ["emergency_mode"])
        assert (await edge.send("GET", "/status", None, JSON, key=None)).document()["notices"] == [
            "Emergency mode: only what is critical is done, and everything else has to wait."
        ]
