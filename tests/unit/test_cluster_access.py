"""Who may reach which database, by name and address."""

import base64
import hashlib
import hmac
from pathlib import Path

from waqiti.contracts.catalog import COMPLIANCE, DEPLOYMENTS, GATEWAY, PAYMENT
from waqiti.operations.cluster.postgres.access import accesses, database_url, kept_passwords, login_roles, over_socket
from waqiti.operations.cluster.postgres.provisioning import scram_verifier
from waqiti.operations.state.layout import Layout

ADMIN = "postgresql://postgres:secret@127.0.0.1:5433/postgres?sslmode=require"


def test_every_service_with_a_database_gets_its_own_role_and_its_producers_as_a_reader() -> None:
    passwords = {role: f"pw-{role}" for role in login_roles(DEPLOYMENTS)}

    granted = accesses(ADMIN, DEPLOYMENTS, passwords)

    assert GATEWAY not in granted
    assert granted[PAYMENT].runtime == (
        "postgresql://waqiti_payments:pw-waqiti_payments@127.0.0.1:5433/waqiti_payments?sslmode=require"
    )
    assert granted[COMPLIANCE].events == {
        PAYMENT: "postgresql://waqiti_compliance_reader:pw-waqiti_compliance_reader@127.0.0.1:5433/waqiti_payments"
        "?sslmode=require"
    }


def test_addresses_lead_through_the_servers_socket_where_its_path_is_short_enough(tmp_path: Path) -> None:
    passwords = dict.fromkeys(login_roles(DEPLOYMENTS), "pw")
    over_tcp = accesses("postgresql://postgres:secret@127.0.0.1:5433/postgres", DEPLOYMENTS, passwords)[COMPLIANCE]

    through = over_socket(over_tcp, Path("/state/a b"))

    assert through.runtime == "postgresql://waqiti_compliance:pw@/waqiti_compliance?host=%2Fstate%2Fa+b&port=5433"
    assert through.events == {
        PAYMENT: "postgresql://waqiti_compliance_reader:pw@/waqiti_payments?host=%2Fstate%2Fa+b&port=5433"
    }
    assert through.migrator == over_tcp.migrator
    assert over_socket(over_tcp, tmp_path / ("x" * 108)) == over_tcp


def test_names_and_passwords_are_quoted_in_addresses() -> None:
    assert database_url("postgresql://a:b@h/x", "d", "u@v", "p/@:w") == "postgresql://u%40v:p%2F%40%3Aw@h/d"


def test_passwords_are_kept_and_only_new_roles_get_new_ones(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.secrets.mkdir()

    first = kept_passwords(layout, ["one"])
    second = kept_passwords(layout, ["one", "two"])

    assert second["one"] == first["one"]
    assert second["two"] != first["one"]
    assert layout.passwords.stat().st_mode & 0o777 == 0o600


def test_the_stored_form_of_a_password_proves_it_and_does_not_contain_it() -> None:
    verifier = scram_verifier("correct horse")

    scheme, salted, keys = verifier.split("$")
    iterations, salt = salted.split(":")
    stored_key = keys.split(":")[0]
    derived = hashlib.pbkdf2_hmac("sha256", b"correct horse", base64.b64decode(salt), int(iterations))
    client_key = hmac.digest(derived, b"Client Key", "sha256")
    assert scheme == "SCRAM-SHA-256"
    assert base64.b64encode(hashlib.sha256(client_key).digest()).decode() == stored_key
    assert "correct horse" not in verifier
