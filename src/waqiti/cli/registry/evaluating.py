"""``waqiti models evaluate``."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from waqiti.cli.emergency import refuse_in_an_emergency
from waqiti.cli.labelled import TOWN_WORDS, days_of_test, delay_of, samples_of, samples_of_town
from waqiti.cli.options import Json
from waqiti.cli.output import console, print_document, say
from waqiti.cli.registry.calling import calling_registry
from waqiti.cli.registry.comparing import Evaluated, Figures, Progress, evaluate_on
from waqiti.scoring.training import Sample

# Nobody of this town is in what the model that ships learnt from.
_SEED: Final = 77
_RESIDENTS: Final = 800
_DAYS: Final = 35


def evaluate(
    version: str | None = None,
    /,
    *,
    data: Path | None = None,
    test_from: Annotated[str | None, Parameter(name="--test-from")] = None,
    test_to: Annotated[str | None, Parameter(name="--test-to")] = None,
    label_delay: str = "7d",
    json: Json = False,
) -> int:
    """Measure a version, by default the one in force; any other beside the one in force, for its gates.

    Parameters
    ----------
    version
        The version, such as v1.0.1.
    data
        A CSV file with the columns id,time,payer,payee,amount,label; without it, a simulated town.
    test_from
        The first day (UTC) to test on, as 2025-06-01; without it the last week is tested on.
    test_to
        The last day to test on.
    label_delay
        How long after a payment its label is known, as 7d or 12h.
    """
    delay, period = delay_of(label_delay), days_of_test(test_from, test_to)
    refuse_in_an_emergency("evaluating a model")
    progress: Progress = (lambda _: None) if json else say
    with calling_registry() as (_, client), _samples(data, delay) as samples:
        words = f"{TOWN_WORDS} (seed {_SEED})" if data is None else data.name
        found = evaluate_on(client, version, samples, words, period, progress)
    if json:
        print_document(found)
    else:
        _show(found)
    return 0


def _samples(data: Path | None, delay: timedelta) -> AbstractContextManager[Iterable[Sample]]:
    return samples_of_town(_SEED, _RESIDENTS, _DAYS) if data is None else samples_of(data, delay)


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
