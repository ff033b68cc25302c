"""A file that cannot be learnt from is refused by its line."""

import io
from datetime import UTC, datetime, timedelta

import pytest

from waqiti.scoring.training import TrainingDataError, read_csv
from waqiti.simulation import Town, payments, write_csv

HEADER = "id,time,payer,payee,amount,label\n"
GOOD = "1,2025-03-05T12:00:00Z,amina,bakery,1000,0\n"
WEEK = timedelta(days=7)


def test_a_town_reads_back_as_it_was_written() -> None:
    stream = list(payments(Town.of(3, 20), 2))
    file = io.StringIO(newline="")
    write_csv(file, stream)
    file.seek(0)

    read = list(read_csv(file, WEEK))

    assert [(s.movement.id, s.movement.at, s.movement.payer, s.movement.amount, s.label) for s in read] == [
        (one.id, one.time, one.payer, one.amount, one.label) for one in stream
    ]
    assert all(sample.known_at == sample.movement.at + WEEK for sample in read)


def test_columns_may_stand_in_any_order_among_others() -> None:
    text = "label,city,payee,payer,amount,time,id\n1,Lahti,,amina,5,2025-03-05 14:00:00+02:00,a\n"

    (sample,) = read_csv(io.StringIO(text), WEEK)

    assert sample.label == 1
    assert sample.movement.at == datetime(2025, 3, 5, 12, tzinfo=UTC)
    assert (sample.movement.kind, sample.movement.payee) == ("withdrawal", None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "line 1: no column id, time, payer, payee, amount, label"),
        ("id,time,payer,amount\n", "line 1: no column payee, label"),
        (HEADER + GOOD + "2,2025-03-05,amina\n", "line 3: there are fewer fields"),
        (HEADER + GOOD + GOOD, "line 3: id '1' stands there twice"),
        (HEADER + GOOD.replace("1000", "10.00"), "line 2: amount is an integer in minor units"),
        (HEADER + GOOD.replace("1000", "0"), "line 2: amount is an integer in minor units"),
        (HEADER + GOOD.replace("1000", "1" * 40), "line 2: amount is an integer in minor units"),
        (HEADER + GOOD.replace(",0\n", ",yes\n"), "line 2: label is 0 or 1, not 'yes'"),
        (HEADER + GOOD.replace("2025-03-05T12:00:00Z", "yesterday"), "line 2: time is RFC 3339"),
        (HEADER + GOOD.replace("00Z", "00"), "line 2: time has no zone"),
        (HEADER + GOOD.replace("2025-03-05T12:00:00Z", "9999-12-31T23:59:59Z"), "line 2: time lies from 2000-01-01 on"),
        (HEADER + GOOD.replace("2025-03-05T12:00:00Z", "0001-01-01T00:00:00+14:00"), "line 2: time lies from"),
        (HEADER + GOOD.replace("2025-03-05T12:00:00Z", "1999-12-31T23:59:59Z"), "line 2: time lies from"),
        (HEADER + GOOD + "2" + GOOD.replace("amina", "am\0ina"), "line 3: a NUL character"),
        (HEADER.replace("label", "label,payer"), "line 1: a column is named twice: payer"),
        (HEADER + GOOD + "2" + GOOD.replace(",0\n", ",0,7\n"), "line 3: there are more fields"),
        (HEADER + GOOD.replace("amina", ""), "line 2: id and payer are needed"),
        (HEADER + '"1,2', "line 2: "),
    ],
)
def test_a_line_that_is_not_like_that_is_named(text: str, sentence: str) -> None:
    with pytest.raises(TrainingDataError) as error:
        list(read_csv(io.StringIO(text, newline=""), WEEK))

    assert str(error.value).startswith(sentence)
