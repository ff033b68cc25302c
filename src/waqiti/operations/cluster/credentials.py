"""Keys of people and of services: minted at the first start, kept from then on."""

import base64
import secrets
from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

from waqiti.contracts.catalog import OPERATIONS
from waqiti.foundation.clock import utc_now
from waqiti.foundation.security.keys import ApiKey, KeyFile, digest_of
from waqiti.foundation.security.tokens import new_private_key, public_pem
from waqiti.operations.cluster.credentials_file import Credentials
from waqiti.operations.state.files import read_document, write, write_document
from waqiti.operations.state.layout import Layout

_SCOPES: Final[dict[str, list[str]]] = {
    "api_key": ["api"],
    "operator_key": ["operator"],
    "approver_key": ["operator", "approver"],
}
_WEBHOOK_KEY_BYTES: Final = 32


class MintedKeys(msgspec.Struct, frozen=True):
    """The plain keys."""

    api_key: str
    operator_key: str
    approver_key: str


def kept_keys(layout: Layout) -> MintedKeys:
    """Return the public keys; they are minted, and published hashed, where there are none yet."""
    former = read_document(layout.credentials, MintedKeys)
    if former is not None and layout.keys.exists():
        return former
    minted = MintedKeys(_mint("api"), _mint("operator"), _mint("approver"))
    keys = [
        ApiKey(
            id=f"key_{secrets.token_hex(8)}",
            sha256=digest_of(getattr(minted, name)),
            scopes=scopes,
            created_at=utc_now(),
        )
        for name, scopes in _SCOPES.items()
    ]
    write_document(layout.keys, KeyFile(keys))
    return minted


def write_credentials(
    layout: Layout, keys: MintedKeys, *, base_url: str, services: Mapping[str, str], databases: Mapping[str, str]
) -> None:
    """Publish ``credentials.json``, which only its owner reads."""
    credentials = Credentials(
        base_url=base_url,
        operations_url=services.get(OPERATIONS, ""),
        api_key=keys.api_key,
        operator_key=keys.operator_key,
        approver_key=keys.approver_key,
        services=dict(services),
        databases=dict(databases),
    )
    write_document(layout.credentials, credentials)


def ensure_token_keys(layout: Layout, deployments: Iterable[str]) -> None:
    """Give each deployment an Ed25519 key pair: the private half in ``<state>/secrets``, the public ones together."""
    public = {}
    for name in deployments:
        path = layout.token_key(name)
        if not path.exists():
            write(path, new_private_key().encode())
        public[name] = public_pem(path.read_text())
    write_document(layout.token_public_keys, public)


def ensure_webhook_key(layout: Layout) -> None:
    """Mint the key of webhook secrets where there is none yet; what it encrypted is lost without it."""
    if not layout.webhook_key.exists():
        write(layout.webhook_key, base64.b64encode(secrets.token_bytes(_WEBHOOK_KEY_BYTES)))


def _mint(kind: Literal["api", "operator", "approver"]) -> str:
    return f"wq_{kind}_{secrets.token_urlsafe(32)}"
