"""``waqiti models evaluate``."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from waqiti.cli.options import Json
from waqiti.cli.output import console, print_document, say
from waqiti.cli.registry.calling import calling_registry
from waqiti.cli.registry.comparing import Evaluated, Figures, Progress, evaluate_on
from waqiti.operations.cluster.errors import WRONG_USE, ClusterError
from waqiti.scoring import Movement
from waqiti.scoring.training import Sample, read_csv
from waqiti.simulation import Town, payments

# Nobody of this town is in what the model that ships learnt from.
_SEED: Final = 77
_RESIDENTS: Final = 400
_DAYS: Final = 35
_LABEL_DELAY: Final = timedelta(days=7)


def evaluate(version: str | None = None, /, *, data: Path | None = None, json: Json = False) -> int:
    """Measure a version, by default the one in force; any other beside the one in force, for its gates.

    Parameters
    ----------
    version
        The version, such as v1.0.1.
    data
        A CSV file with the columns id,time,payer,payee,amount,label: its last week is the test period, or its last
        quarter where it holds less than four weeks. Otherwise a simulated town is.
    """
    progress: Progress = (lambda _: None) if json else say
    with calling_registry() as (_, client), _samples(data) as samples:
        words = f"a simulated town (seed {_SEED})" if data is None else data.name
        found = evaluate_on(client, version, samples, words, None, progress)
    if json:
        print_document(found)
    else:
        _show(found)
    return 0


@contextmanager
def _samples(data: Path | None) -> Iterator[Iterable[Sample]]:
    if data is None:
        yield simulated_samples(_SEED, _RESIDENTS, _DAYS)
        return
    try:
        with data.open(encoding="utf-8", newline="") as file:
            yield read_csv(file, _LABEL_DELAY)
    except UnicodeDecodeError as error:
        raise ClusterError(f"{data} is not text in UTF-8", WRONG_USE) from error


def simulated_samples(seed: int, residents: int, days: int) -> Iterator[Sample]:
    """Yield the movements of a simulated town with their labels."""
    for one in payments(Town.of(seed, residents), days):
        movement = Movement(
            id=one.id,
            kind="payment",
            payer=one.payer,
            payee=one.payee,
            amount=one.amount,
            currency=one.currency,
            at=one.time,
        )
        yield Sample(movement, one.label, one.label_at)


def _show(found: Evaluated) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, title=f"{found.data}: {found.rows:,} rows, {found.frauds:,} frauds")
    table.title_style, table.title_justify = "", "left"
    measured = [found.figures, *([found.champion] if found.champion is not None else [])]
    table.add_column("")
    for one in measured:
        in_force = found.champion is None or one is found.champion
        table.add_column(f"{one.version}{' (in force)' if in_force else ''}", justify="right")
    for name in Figures.__struct_fields__[1:]:
        table.add_row(name.replace("_", " "), *(_written(name, getattr(one, name)) for one in measured))
    console().print(table)


def _written(name: str, figure: float | None) -> str:
    if figure is None:
        return "-"
    return f"{figure:.3%}" if name == "false_positive_rate" else f"{figure:.4f}"
