"""``waqiti models train``: a model from labelled payments, and what it is worth on later days."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from waqiti.cli.options import Json
from waqiti.cli.output import console, print_document, say
from waqiti.cli.registering import register
from waqiti.foundation.clock import utc_now
from waqiti.operations.cluster.errors import WRONG_USE, ClusterError
from waqiti.operations.switches import wanted
from waqiti.scoring import Movement
from waqiti.scoring.training import Options, Period, Sample, Trained, TrainingDataError, read_csv, train
from waqiti.simulation import FIRST_DAY, Town, payments

TOWN_WORDS: Final = "a simulated town"
TOWN_SEED: Final = 1
TOWN_RESIDENTS: Final = 1_200
TOWN_DAYS: Final = 110
TOWN_TEST_DAYS: Final = 14
_WARM_UP: Final = timedelta(days=20)
_UNLABELLED: Final = 0.3

_UNSHOWN: Final = {"sha256", "accused_innocents"}
_LATEST_LABELS: Final = timedelta(days=365)
_MADE_AT: Final = "SOURCE_DATE_EPOCH"


class TrainedModel(msgspec.Struct, frozen=True, kw_only=True):
    """What ``models train --json`` prints; figures are of the test period, and docs/guides/models.md explains them."""

    version: str
    rows: int
    seconds: float
    auc: float | None
    average_precision: float | None
    precision_at_100: float | None
    precision_at_100_ceiling: float | None
    false_positive_rate: float | None
    recall: float | None
    calibration_error: float
    test_from: date
    test_to: date
    test_rows: int
    train_rows: int
    accused_innocents: tuple[str, ...]
    sha256: str
    registered: bool


def train_model(
    *,
    data: Path | None = None,
    test_from: Annotated[str | None, Parameter(name="--test-from")] = None,
    test_to: Annotated[str | None, Parameter(name="--test-to")] = None,
    label_delay: str = "7d",
    out: Path | None = None,
    card: Path | None = None,
    threads: Annotated[int, Parameter(validator=Number(gte=1, lte=64))] = 1,
    json: Json = False,
) -> int:
    """Train a model on labelled payments, and measure it on later days; no platform is needed.

    Parameters
    ----------
    data
        A CSV file with the columns id,time,payer,payee,amount,label; without it, a simulated town.
    test_from
        The first day (UTC) to test on, as 2025-06-01; without it the last week is tested on.
    test_to
        The last day to test on.
    label_delay
        How long after a payment its label is known, as 7d or 12h.
    out
        Where to write the model.
    card
        Where to write its card: what it is, in words and figures.
    threads
        How many threads may fit the trees; with one the same data gives the same model.
    """
    began = time.monotonic()
    delay, period = delay_of(label_delay), days_of_test(test_from, test_to)
    try:
        trained = _on_town(period, threads) if data is None else _on_file(data, delay, period, threads)
    except TrainingDataError as error:
        raise ClusterError(f"{data or 'the town'}: {error}", WRONG_USE) from error
    _write(trained, out, card)
    version = register(trained, TOWN_WORDS if data is None else data.name)
    document = _document(trained, version, time.monotonic() - began)
    if json:
        print_document(document)
    else:
        _show(document)
    _warn(document, out)
    return 0


def delay_of(text: str) -> timedelta:
    """Read how late labels are, such as ``7d`` or ``12h``.

    Raises:
        ClusterError: it is no such thing.
    """
    return wanted.period_of(text, "--label-delay", longest=_LATEST_LABELS)


def days_of_test(first: str | None, last: str | None) -> Period | None:
    """Read the days to test on; None where none are named.

    Raises:
        ClusterError: one is missing or no date, or they are in the wrong order.
    """
    if first is None and last is None:
        return None
    if first is None or last is None:
        raise ClusterError("--test-from and --test-to go together", WRONG_USE)
    try:
        return Period(date.fromisoformat(first), date.fromisoformat(last))
    except (ValueError, TrainingDataError) as error:
        raise ClusterError(f"--test-from and --test-to: {error}", WRONG_USE) from error


def town_samples(seed: int, residents: int, days: int) -> Iterator[Sample]:
    """Yield a town's payments with their labels and when these became known."""
    for one in payments(Town.of(seed, residents), days):
        movement = Movement(
            id=one.id, payer=one.payer, payee=one.payee, amount=one.amount, currency=one.currency, at=one.time
        )
        yield Sample(movement, one.label, one.label_at)


def _on_town(period: Period | None, threads: int) -> Trained:
    last = FIRST_DAY + timedelta(days=TOWN_DAYS - 1)
    options = Options(
        data=f"A simulated town (`waqiti.simulation`, seed {TOWN_SEED}) of {TOWN_RESIDENTS:,} residents over "
        f"{TOWN_DAYS} days; nobody in it is real.\nFraud is of six kinds, 0.8 % of all payments. The first "
        f"{_WARM_UP.days} days are history only. In {_UNLABELLED * 100:.0f} % of the payments\nlearnt from nothing "
        "is said of known frauds, as in a new platform, which knows of none.",
        created_at=_now(),
        test=period or Period(last - timedelta(days=TOWN_TEST_DAYS - 1), last),
        warm_up=_WARM_UP,
        unlabelled=_UNLABELLED,
        threads=threads,
    )
    return train(town_samples(TOWN_SEED, TOWN_RESIDENTS, TOWN_DAYS), options, say)


def _on_file(path: Path, delay: timedelta, period: Period | None, threads: int) -> Trained:
    options = Options(
        data=f"`{path.name}`, labels known {delay} after a payment.", created_at=_now(), test=period, threads=threads
    )
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return train(read_csv(file, delay), options, say)
    except OSError as error:
        raise ClusterError(f"{path} cannot be read: {error.strerror}", WRONG_USE) from error
    except UnicodeDecodeError as error:
        raise ClusterError(f"{path} is not text in UTF-8", WRONG_USE) from error


def _now() -> datetime:
    """Return when the model is made, which reproducible builds set themselves."""
    made_at = os.environ.get(_MADE_AT)
    return utc_now() if made_at is None else datetime.fromtimestamp(int(made_at), UTC)


def _write(trained: Trained, out: Path | None, card: Path | None) -> None:
    for path, content in ((out, trained.artifact), (card, trained.card.encode())):
        if path is not None:
            path.write_bytes(content)


def _document(trained: Trained, version: str | None, seconds: float) -> TrainedModel:
    metrics = trained.metrics
    return TrainedModel(
        version=version or f"unregistered-{trained.sha256[:8]}",
        rows=trained.rows,
        seconds=round(seconds, 3),
        auc=metrics.auc,
        average_precision=metrics.average_precision,
        precision_at_100=metrics.precision_at_100,
        precision_at_100_ceiling=metrics.precision_at_100_ceiling,
        false_positive_rate=metrics.false_positive_rate,
        recall=metrics.recall,
        calibration_error=metrics.calibration_error,
        test_from=trained.test.first,
        test_to=trained.test.last,
        test_rows=metrics.rows,
        train_rows=metrics.train_rows,
        accused_innocents=trained.verdict.accused,
        sha256=trained.sha256,
        registered=version is not None,
    )


def _warn(document: TrainedModel, out: Path | None) -> None:
    if document.accused_innocents:
        say(f"waqiti: not fit to decide, for it would hold the innocent: {', '.join(document.accused_innocents)}")
    if not document.registered and out is None:
        say("waqiti: the model is kept nowhere: no platform runs, and --out names no file")


def _show(document: TrainedModel) -> None:
    """Print the figures; the hash is for machines, and who was accused is said on standard error."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_header=False)
    for _ in range(2):
        table.add_column(no_wrap=True)
    for name, value in msgspec.to_builtins(document).items():
        if name in _UNSHOWN:
            continue
        table.add_row(name.replace("_", " "), f"{value:.5f}" if isinstance(value, float) else str(value))
    console().print(table)
