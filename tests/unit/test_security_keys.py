"""Public API keys: hashed, scoped, revoked while the process runs."""

import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tests.support.small_service import API_KEY, APPROVER_KEY, CALLER, OPERATOR_KEY, Credentials
from waqiti.foundation.errors import Problem
from waqiti.foundation.security import ApiKey, Authenticator, KeyFile, KeyRing, TokenVerifier, digest_of


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    return Credentials(tmp_path)


def wait_until_noticed(keys: KeyRing, key: str, *, known: bool) -> None:
    give_up_at = time.monotonic() + 5
    while (keys.find(key.encode()) is not None) is not known:
        assert time.monotonic() < give_up_at, "the change was not noticed"


def test_a_key_is_found_with_its_scopes_and_an_operator_may_do_what_a_user_may(credentials: Credentials) -> None:
    keys = KeyRing(credentials.keys_file)
    user, operator = keys.find(API_KEY.encode()), keys.find(OPERATOR_KEY.encode())
    assert user is not None
    assert operator is not None
    assert (user.key_id, user.scopes) == ("key_api", frozenset({"api"}))
    assert operator.scopes == {"api", "operator"}
    assert keys.find(b"") is None
    assert keys.find(API_KEY.encode() + b" ") is None


def test_the_file_holds_no_key(credentials: Credentials) -> None:
    assert API_KEY not in credentials.keys_file.read_text()


def test_a_new_key_opens_and_a_removed_one_no_longer_does_while_the_process_runs(credentials: Credentials) -> None:
    keys = KeyRing(credentials.keys_file)
    credentials.write_keys({"another key": ["api"]})
    wait_until_noticed(keys, "another key", known=True)
    assert keys.find(API_KEY.encode()) is None


def test_a_revoked_key_is_unknown(tmp_path: Path) -> None:
    path, now = tmp_path / "keys.json", datetime.now(UTC)
    revoked = ApiKey(id="key_1", sha256=digest_of("k"), scopes=["api"], created_at=now, revoked_at=now)
    path.write_bytes(msgspec.json.encode(KeyFile([revoked])))
    assert KeyRing(path).find(b"k") is None


@pytest.mark.parametrize("content", [b"", b"{", b'{"keys":[{"id":"x"}]}', b'{"keys":3}'])
def test_a_file_that_cannot_be_read_leaves_the_last_good_keys_in_force(
    credentials: Credentials, content: bytes
) -> None:
    keys = KeyRing(credentials.keys_file)
    credentials.keys_file.write_bytes(content)
    time.sleep(0.25)
    assert keys.find(API_KEY.encode()) is not None
    credentials.keys_file.unlink()
    time.sleep(0.25)
    assert keys.find(API_KEY.encode()) is not None


def outcome(authenticator: Authenticator, path: str, authorization: bytes | None) -> str | int:
    try:
        return authenticator.authenticate(path, authorization).key_id
    except Problem as problem:
        return problem.status


def test_each_part_of_a_service_has_its_own_door(credentials: Credentials) -> None:
    environment = credentials.environment()
    verifier = TokenVerifier.read(Path(environment["WAQITI_TOKEN_PUBLIC_FILE"]))
    authenticator = Authenticator(KeyRing(credentials.keys_file), verifier)
    user, operator, approver = (f"Bearer {key}".encode() for key in (API_KEY, OPERATOR_KEY, APPROVER_KEY))
    token = credentials.issuer(CALLER).authorization()
    doors: list[tuple[str, list[str | int]]] = [
        # for nobody, a user, an operator, an approver, another deployment
        ("/v1/payments", [401, "key_api", "key_operator", 403, 401]),
        ("/internal/transfers", [401, 403, 403, 403, f"service:{CALLER}"]),
        ("/internal", [401, 403, 403, 403, f"service:{CALLER}"]),
        ("/internals", [401, "key_api", "key_operator", 403, 401]),
        ("/actuator/metrics", [401, 403, "key_operator", 403, f"service:{CALLER}"]),
        ("/cache/clear", [401, 403, "key_operator", 403, f"service:{CALLER}"]),
        ("/actuator/health", [*["anonymous"] * 5]),
        ("/actuator/health/readiness", [*["anonymous"] * 5]),
        ("/actuator/healthy", [401, 403, "key_operator", 403, f"service:{CALLER}"]),
        ("/actuator/info", [*["anonymous"] * 5]),
        ("/openapi.json", [*["anonymous"] * 5]),
    ]
    for path, expected in doors:
        assert [outcome(authenticator, path, who) for who in (None, user, operator, approver, token)] == expected, path


@pytest.mark.parametrize("header", [b"", b"Basic abc", b"Bearer", b"Bearer ", b"Bearer unknown", b"bearer\t" + b"x"])
def test_anything_but_a_bearer_key_is_unauthorized(credentials: Credentials, header: bytes) -> None:
    authenticator = Authenticator(KeyRing(credentials.keys_file), TokenVerifier({}))
    assert outcome(authenticator, "/v1/payments", header) == 401


def test_the_scheme_is_read_without_regard_to_case(credentials: Credentials) -> None:
    authenticator = Authenticator(KeyRing(credentials.keys_file), TokenVerifier({}))
    assert outcome(authenticator, "/v1/payments", f"bEARER {API_KEY}".encode()) == "key_api"
