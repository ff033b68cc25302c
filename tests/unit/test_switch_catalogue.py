"""The table of switches, and what is typed at it."""

from datetime import timedelta
from importlib import import_module

import msgspec
import pytest

from waqiti.contracts.catalog import DEPLOYMENTS
from waqiti.contracts.switches import SWITCHES
from waqiti.foundation.settings import Settings, switch_fields
from waqiti.foundation.switches.file import Value
from waqiti.operations.errors import WRONG_USE, ClusterError
from waqiti.operations.switches.wanted import deployments_of, period_of, reason_of, switch_called, value_of


def settings_of(package: str) -> type[Settings]:
    settings: type[Settings] = import_module(f"{package}.service").SERVICE.settings
    return settings


@pytest.mark.parametrize("row", DEPLOYMENTS, ids=lambda row: row.name)
def test_a_deployment_has_the_switches_that_the_table_says_with_these_types_and_defaults(row: object) -> None:
    deployment = next(found for found in DEPLOYMENTS if found is row)
    fields = switch_fields(settings_of(deployment.package))
    listed = {switch.name: switch for switch in SWITCHES if deployment.name in switch.deployments}

    # A pool is a setting of every process, and a switch where there is a database.
    unlisted = {name for name in fields if name not in listed}
    assert unlisted == (set() if deployment.database else {"DB_POOL_MAX_SIZE", "DB_POOL_MIN_IDLE"})
    for name, switch in listed.items():
        assert fields[name].default == switch.default
        assert _json_schema(fields[name].type) == _json_schema(switch.kind)


def _json_schema(kind: object) -> object:
    return msgspec.json.schema(kind)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("READ_ONLY_MODE", "true", True),
        ("READ_ONLY_MODE", "off", False),
        ("READ_ONLY_MODE", "ON", True),
        ("EMERGENCY_MODE", "0", False),
        ("FRAUD_THRESHOLD", "0.85", 0.85),
        ("FRAUD_THRESHOLD", "1", 1.0),
        ("LOG_LEVEL", "debug", "DEBUG"),
        ("DB_POOL_MAX_SIZE", "8", 8),
    ],
)
def test_a_value_is_read_as_its_switch_takes_it(name: str, text: str, value: Value) -> None:
    found = value_of(switch_called(name), text)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("READ_ONLY_MODE", "maybe", "READ_ONLY_MODE is true or false, and not 'maybe'"),
        ("FRAUD_THRESHOLD", "1.01", "FRAUD_THRESHOLD is a number from 0 to 1, and not '1.01'"),
        ("FRAUD_THRESHOLD", "-0.1", "a number from 0 to 1"),
        ("FRAUD_THRESHOLD", "nan", "a number from 0 to 1"),
        ("MANUAL_REVIEW_THRESHOLD", "high", "a number from 0 to 1"),
        ("LOG_LEVEL", "LOUD", "CRITICAL, ERROR, WARNING, INFO or DEBUG"),
        ("DB_POOL_MAX_SIZE", "0", "a whole number from 1 to 200"),
        ("DB_POOL_MIN_IDLE", "1.5", "a whole number from 0 to 200"),
    ],
)
def test_a_value_that_a_switch_does_not_take_is_a_sentence(name: str, text: str, said: str) -> None:
    with pytest.raises(ClusterError, match=said) as refused:
        value_of(switch_called(name), text)

    assert refused.value.exit_code == WRONG_USE


def test_an_unknown_switch_is_answered_with_those_there_are() -> None:
    with pytest.raises(ClusterError, match=r"No switch is called READONLY; there are .*READ_ONLY_MODE") as refused:
        switch_called("READONLY")

    assert refused.value.exit_code == WRONG_USE


@pytest.mark.parametrize("name", ["read_only_mode", "read-only-mode", "Read_Only_Mode"])
def test_a_name_may_be_typed_as_it_comes(name: str) -> None:
    assert switch_called(name).name == "READ_ONLY_MODE"


def test_without_a_service_a_switch_is_for_all_that_have_it() -> None:
    assert deployments_of(switch_called("READ_ONLY_MODE"), None) == (
        "payment-service",
        "wallet-service",
        "ledger-service",
        "compliance-service",
        "fraud-service",
        "notification-service",
    )
    assert deployments_of(switch_called("READ_ONLY_MODE"), "wallet-service") == ("wallet-service",)


@pytest.mark.parametrize(
    ("name", "service", "said"),
    [
        ("FRAUD_THRESHOLD", "payment-service", "payment-service does not have the switch FRAUD_THRESHOLD"),
        ("MAINTENANCE_MODE", "ledger-service", "it is for api-gateway"),
        ("LOG_LEVEL", "no-such-service", "no-such-service does not have the switch"),
        ("EMERGENCY_MODE", "payment-service", "is for the whole platform"),
    ],
)
def test_a_service_that_does_not_have_the_switch_is_a_sentence(name: str, service: str, said: str) -> None:
    with pytest.raises(ClusterError, match=said) as refused:
        deployments_of(switch_called(name), service)

    assert refused.value.exit_code == WRONG_USE


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        ("30d", timedelta(days=30)),
    ],
)
def test_a_period_is_a_number_and_a_unit(text: str, period: timedelta) -> None:
    assert period_of(text, "--for") == period


@pytest.mark.parametrize("text", ["", "30", "m", "0m", "-5m", "1.5h", "31d", "1w", "9999999d"])
def test_anything_else_is_no_period(text: str) -> None:
    with pytest.raises(ClusterError) as refused:
        period_of(text, "--for")

    assert refused.value.exit_code == WRONG_USE


def test_too_long_a_period_is_told_what_the_option_that_was_given_allows() -> None:
    with pytest.raises(ClusterError, match=r"^--older is at most 30 days$"):
        period_of("9999999d", "--older")


def test_a_reason_says_something() -> None:
    with pytest.raises(ClusterError) as refused:
        reason_of("  ")

    assert refused.value.exit_code == WRONG_USE
