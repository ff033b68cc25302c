"""What ``waqiti cluster set`` takes: variables, removals and sizes, checked against what a deployment knows."""

import pytest

from waqiti.cli.cluster.variables import variables_of
from waqiti.contracts.catalog import FRAUD, LEDGER, PAYMENT
from waqiti.operations.cluster.sizes import memory_limit_of, size_text
from waqiti.operations.errors import ClusterError


def test_variables_that_the_product_does_not_own_pass_through_unchanged() -> None:
    typed = ("PYTHONMALLOC=malloc", "MALLOC_ARENA_MAX=2", "EMPTY=", "EQUATION=a=b\nc", "PYTHONPATH=/srv/x", "GONE-")

    assert variables_of(PAYMENT, typed) == {
        "PYTHONMALLOC": "malloc",
        "MALLOC_ARENA_MAX": "2",
        "EMPTY": "",
        "EQUATION": "a=b\nc",
        "PYTHONPATH": "/srv/x",
        "GONE": None,
    }


def test_switches_and_settings_of_the_deployment_are_read_as_its_start_reads_them() -> None:
    assert variables_of(FRAUD, ("FRAUD_THRESHOLD=0.9", "MANUAL_REVIEW_MODE=off", "LOG_LEVEL=debug")) == {
        "FRAUD_THRESHOLD": "0.9",
        "MANUAL_REVIEW_MODE": "false",
        "LOG_LEVEL": "DEBUG",
    }
    assert variables_of(PAYMENT, ("WAQITI_REVIEW_SECONDS=900",)) == {"WAQITI_REVIEW_SECONDS": "900"}


@pytest.mark.parametrize(
    ("deployment", "typed", "exit_code", "said"),
    [
        (PAYMENT, "LONELY", 2, "neither KEY=VALUE nor KEY-"),
        (PAYMENT, "1A=2", 2, "neither KEY=VALUE nor KEY-"),
        (FRAUD, "FRAUD_THRESHOLD=high", 2, "FRAUD_THRESHOLD is a number from 0 to 1, and not 'high'"),
        (LEDGER, "FRAUD_THRESHOLD=0.9", 2, "ledger-service does not have the switch FRAUD_THRESHOLD"),
        (LEDGER, "FRAUD_THRESHOLD-", 2, "ledger-service does not have the switch FRAUD_THRESHOLD"),
        (PAYMENT, "EMERGENCY_MODE=on", 2, "waqiti switch set EMERGENCY_MODE on --reason"),
        (PAYMENT, "WAQITI_STATE=/tmp", 3, "WAQITI_STATE is the cluster's own"),
        (PAYMENT, "WAQITI_LISTEN_FDS-", 3, "WAQITI_LISTEN_FDS is the cluster's own"),
        (PAYMENT, "WAQITI_DATABASE_URL=postgresql://x", 3, "the cluster's own"),
        (PAYMENT, "WAQITI_URL_LEDGER_SERVICE=http://x", 3, "the cluster's own"),
        (PAYMENT, "WAQITI_NO_SUCH_THING=1", 2, "WAQITI_NO_SUCH_THING is not a setting of this process"),
        (PAYMENT, "WAQITI_REVIEW_SECONDS=soon", 2, "WAQITI_REVIEW_SECONDS"),
    ],
)
def test_what_cannot_be_set_is_refused_with_a_sentence(deployment: str, typed: str, exit_code: int, said: str) -> None:
    with pytest.raises(ClusterError) as refused:
        variables_of(deployment, (typed,))

    assert said in str(refused.value)
    assert refused.value.exit_code == exit_code


def test_a_name_is_given_once() -> None:
    with pytest.raises(ClusterError, match="A is given twice"):
        variables_of(PAYMENT, ("A=1", "A-"))


@pytest.mark.parametrize(("text", "size_bytes"), [("128Mi", 2**27), ("4Gi", 2**32), (" 1536Mi ", 3 * 2**29)])
def test_sizes_are_read_and_written_alike(text: str, size_bytes: int) -> None:
    assert memory_limit_of(text) == size_bytes
    assert size_text(size_bytes) == text.strip()


@pytest.mark.parametrize("text", ["", "0Mi", "127Mi", "1024", "512MB", "1.5Gi", "-1Gi", "1025Gi", "9999999999Mi"])
def test_a_size_that_is_none_or_out_of_bounds_is_wrong_use(text: str) -> None:
    with pytest.raises(ClusterError) as refused:
        memory_limit_of(text)

    assert refused.value.exit_code == 2
