"""The API documents as the code gives them: every service is built and asked, without a platform or a database."""

import asyncio
import base64
import json
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.support.raw import RawClient
from waqiti.contracts.catalog import DEPLOYMENTS, GATEWAY, ML, NOTIFICATION, OPERATIONS, Deployment
from waqiti.foundation.runtime import serve_in_background
from waqiti.foundation.security import new_private_key

_NO_SERVER = "postgresql://nobody@127.0.0.1:1/nothing"


def documents_of_the_code() -> dict[str, dict[str, Any]]:
    """Return what operators and clients read, by deployment, for tests to be named by before anything runs.

    The gateway gathers all that is public; ml-service is called at its own address, and has its own.
    """
    with tempfile.TemporaryDirectory() as directory:
        token_key = Path(directory) / "token.pem"
        token_key.write_text(new_private_key())
        (Path(directory) / "webhooks.key").write_bytes(base64.b64encode(bytes(32)))
        return asyncio.run(_gathered(token_key))


async def _gathered(token_key: Path) -> dict[str, dict[str, Any]]:
    services = [import_module(f"{row.package}.service").SERVICE for row in DEPLOYMENTS]
    environments = {row.name: _environment(row, token_key) for row in DEPLOYMENTS}
    async with serve_in_background(services, environments, role="api") as addresses:
        answers = {
            name: await asyncio.to_thread(RawClient(addresses[name], None).get, "/openapi.json")
            for name in (GATEWAY, ML)
        }
    return {name: json.loads(answer.body) for name, answer in answers.items()}


def _environment(row: Deployment, token_key: Path) -> dict[str, str]:
    environment = {"WAQITI_TOKEN_KEY_FILE": str(token_key)}
    if row.name == NOTIFICATION:
        environment["WAQITI_WEBHOOK_KEY_FILE"] = str(token_key.with_name("webhooks.key"))
    if row.name == OPERATIONS:
        environment["WAQITI_STATE"] = str(token_key.parent)
    return environment | ({"WAQITI_DATABASE_URL": _NO_SERVER} if row.database else {})
