"""Tokens between services."""

import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from waqiti.foundation.security import AUDIENCE, TokenIssuer, TokenVerifier, new_private_key, public_pem

LEDGER, PAYMENT = "ledger-service", "payment-service"


@pytest.fixture(scope="module")
def private() -> str:
    return new_private_key()


@pytest.fixture
def verifier(private: str) -> TokenVerifier:
    return TokenVerifier({PAYMENT: public_pem(private)})


def signed(private: str, **changes: Any) -> bytes:
    now = int(time.time())
    claims = {"iss": PAYMENT, "aud": AUDIENCE, "iat": now, "exp": now + 60} | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, load_pem_private_key(private.encode(), None), algorithm="EdDSA").encode()  # type: ignore[arg-type]


def test_a_token_names_the_deployment_that_signed_it(private: str, verifier: TokenVerifier) -> None:
    header = TokenIssuer(PAYMENT, private).authorization()
    assert header.startswith(b"Bearer ")
    for _ in range(2):
        principal = verifier.find(header.removeprefix(b"Bearer "))
        assert principal is not None
        assert (principal.service, principal.scopes) == (PAYMENT, frozenset())


def test_one_token_is_used_until_a_minute_before_it_ends(private: str, monkeypatch: pytest.MonkeyPatch) -> None:
    issuer = TokenIssuer(PAYMENT, private)
    first, now = issuer.authorization(), time.time()
    monkeypatch.setattr(time, "time", lambda: now + 530)
    assert issuer.authorization() == first
    monkeypatch.setattr(time, "time", lambda: now + 545)
    assert issuer.authorization() != first


# Seconds from now where the claim is a time.
_WRONG_CLAIMS: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "somewhere-else"},
    "no audience": {"aud": None},
    "ended": {"exp": -60},
    "without an end": {"exp": None},
    "an unknown deployment": {"iss": LEDGER},
    "nobody": {"iss": None},
}


@pytest.mark.parametrize("reason", _WRONG_CLAIMS)
def test_a_token_with_a_wrong_claim_is_refused(private: str, verifier: TokenVerifier, reason: str) -> None:
    changes = dict(_WRONG_CLAIMS[reason])
    if changes.get("exp"):
        changes["exp"] += int(time.time())
    assert verifier.find(signed(private, **changes)) is None


def test_a_token_signed_with_another_key_or_none_is_refused(verifier: TokenVerifier) -> None:
    claims = {"iss": PAYMENT, "aud": AUDIENCE, "exp": int(time.time()) + 60}
    assert verifier.find(signed(new_private_key())) is None
    assert verifier.find(jwt.encode(claims, "", algorithm="none").encode()) is None
    assert verifier.find(b"not.a.token") is None
    assert verifier.find(b"") is None
    assert verifier.find(b"\xff\xfe") is None


def test_the_public_key_is_no_secret_to_sign_with(private: str, verifier: TokenVerifier) -> None:
    header, payload = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", signed(private).split(b".")[1].decode()
    assert verifier.find(f"{header}.{payload}.c2lnbmF0dXJl".encode()) is None


def test_what_is_remembered_is_bounded(private: str, verifier: TokenVerifier) -> None:
    for number in range(300):
        assert verifier.find(signed(private, jti=str(number))) is not None
    assert len(verifier._verified) <= 256
