"""``waqiti models train``: a model from labelled payments, and what it is worth on later days."""

import os
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from waqiti.cli.emergency import refuse_in_an_emergency
from waqiti.cli.labelled import TOWN_WORDS, days_of_test, delay_of, samples_of, samples_of_town
from waqiti.cli.options import Json, whole
from waqiti.cli.output import as_called, console, print_document, say
from waqiti.cli.registering import register
from waqiti.foundation.clock import utc_now
from waqiti.operations.errors import WRONG_USE, ClusterError
from waqiti.scoring.figures import figures_of
from waqiti.scoring.training import Options, Period, Trained, train
from waqiti.scoring.worth import alone
from waqiti.simulation import FIRST_DAY

TOWN_SEED: Final = 1
TOWN_RESIDENTS: Final = 1_200
TOWN_DAYS: Final = 110
TOWN_TEST_DAYS: Final = 14
_WARM_UP: Final = timedelta(days=20)
_UNLABELLED: Final = 0.3

_UNSHOWN: Final = {"sha256", "accused_innocents"}
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
    threads: Annotated[int, Parameter(converter=whole, validator=Number(gte=1, lte=64))] = 1,
    keep: Annotated[bool, Parameter(name="--register", negative="--no-register")] = True,
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
    keep
        Whether a platform that runs keeps it; otherwise it is only measured.
    """
    began = time.monotonic()
    delay, period = delay_of(label_delay), days_of_test(test_from, test_to)
    refuse_in_an_emergency("training")
    for path in (out, card):
        _check_writable(path)
    trained = _on_town(period, threads) if data is None else _on_file(data, delay, period, threads)
    version = register(trained, TOWN_WORDS if data is None else data.name) if keep else None
    _write(trained, out, card)
    document = _document(trained, version, time.monotonic() - began)
    if json:
        print_document(document)
    else:
        _show(document)
    _advise(trained, document, is_kept=not keep or out is not None)
    return 0


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
    with samples_of_town(TOWN_SEED, TOWN_RESIDENTS, TOWN_DAYS) as samples:
        return train(samples, options, say)


def _on_file(path: Path, delay: timedelta, period: Period | None, threads: int) -> Trained:
    options = Options(
        data=f"`{path.name}`, labels known {delay} after a payment.", created_at=_now(), test=period, threads=threads
    )
    with samples_of(path, delay) as samples:
        return train(samples, options, say)


def _now() -> datetime:
    """Return when the model is made, which reproducible builds set themselves."""
    made_at = os.environ.get(_MADE_AT)
    return utc_now() if made_at is None else datetime.fromtimestamp(int(made_at), UTC)


def _check_writable(path: Path | None) -> None:
    """Find before the work what would keep its outcome from being written.

    Raises:
        ClusterError: it cannot be written there.
    """
    if path is None:
        return
    if path.is_dir():
        raise ClusterError(f"{path} cannot be written: it is a directory", WRONG_USE)
    if not path.parent.is_dir():
        raise ClusterError(f"{path} cannot be written: there is no directory {path.parent}", WRONG_USE)
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ClusterError(f"{path} cannot be written: permission denied", WRONG_USE)


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


def _advise(trained: Trained, document: TrainedModel, *, is_kept: bool) -> None:
    """Say which gates the model would not pass, and what comes next."""
    accused = document.accused_innocents
    failed = [gate for gate in alone(figures_of(trained.metrics), document.version) if not gate.ok]
    if accused:
        say(f"waqiti: not fit to decide, for it would hold the innocent: {', '.join(accused)}")
    if failed:
        say("waqiti: not fit to decide, for it does not pass these gates:")
    for gate in failed:
        say(f"  {gate.name}: {gate.detail}")
    if document.registered:
        force = " --force --reason TEXT" if accused or failed else ""
        say(f"To bring it into force: {as_called()} models promote {document.version}{force}")
    elif not is_kept:
        say("waqiti: the model is kept nowhere: no platform runs, and --out names no file")


def _show(document: TrainedModel) -> None:
    """Print the figures; the hash is for machines, and who was accused is said on standard error."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_header=False)
    for _ in range(2):
        table.add_column(no_wrap=True)
    for name, value in msgspec.to_builtins(document).items():
        if name not in _UNSHOWN:
            table.add_row(name.replace("_", " "), _written(name, value))
    console().print(table)


def _written(name: str, value: object) -> str:
    """Return a figure as people read it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if not isinstance(value, float):
        return str(value)
    return {"seconds": f"{value:.1f}", "false_positive_rate": f"{value:.3%}"}.get(name, f"{value:.4f}")
