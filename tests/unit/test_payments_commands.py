"""What ``waqiti payments`` takes for the id of a payment, and what it refuses, before anything is asked."""

from uuid import UUID

import pytest

from waqiti.cli.payments.commands import payment_id, redrive
from waqiti.contracts import prefixes
from waqiti.foundation.ids import encode
from waqiti.operations.errors import WRONG_USE, ClusterError

ID = UUID("01a21c4c-1cbc-77e3-a3f6-db999cb74ebc")


@pytest.mark.parametrize("text", [encode(prefixes.PAYMENT, ID), str(ID), str(ID).upper(), f" {ID} "])
def test_an_id_is_taken_as_clients_know_it_and_as_logs_write_it(text: str) -> None:
    assert payment_id(text) == ID


@pytest.mark.parametrize("text", ["", "wal_odd", ID.hex, f"{{{ID}}}", str(ID)[:-1], encode(prefixes.WALLET, ID)])
def test_anything_else_is_no_id(text: str) -> None:
    with pytest.raises(ClusterError, match="is no id of a payment") as refused:
        payment_id(text)
    assert refused.value.exit_code == WRONG_USE


def test_ids_and_all_that_are_stuck_are_not_wanted_at_once() -> None:
    with pytest.raises(ClusterError, match="give either, not both"):
        redrive(str(ID), all_stuck=True, reason="A test.")
    with pytest.raises(ClusterError, match="wants the ids"):
        redrive(reason="A test.")
