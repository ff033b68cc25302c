"""``waqiti models versions`` and ``card``."""

from typing import Final

import msgspec

from waqiti.cli.options import Json
from waqiti.cli.output import console, print_document
from waqiti.cli.registry.calling import all_versions, calling_registry, champion_of
from waqiti.contracts.public.models import ModelFigures, ModelVersion

_NUMBERS: Final = ("avg. prec.", "P@100", "recall", "false pos.")
_WIDEST: Final = 1000


class Versions(msgspec.Struct, frozen=True):
    """What ``models versions --json`` prints."""

    champion: str | None
    versions: list[ModelVersion]


def versions(*, json: Json = False) -> int:
    """List the registered versions, newest first, with the figures of their training; the one in force is marked."""
    with calling_registry() as (_, client):
        found = all_versions(client)
    champion = champion_of(found)
    if json:
        print_document(Versions(champion.version if champion else None, found))
    else:
        show(found)
    return 0


def card(version: str, /) -> int:
    """Print the card of a version: what it was trained on, and what it is worth, in words and figures.

    Parameters
    ----------
    version
        The version, such as v1.0.0.
    """
    with calling_registry() as (_, client):
        text = client.models.card(version)
    console().print(text, markup=False, highlight=False, soft_wrap=True)
    return 0


def cells(figures: ModelFigures) -> tuple[str, ...]:
    """Return figures as cells under ``_NUMBERS``."""
    return (
        _rounded(figures.average_precision),
        _rounded(figures.precision_at_k),
        _rounded(figures.recall),
        "-" if figures.false_positive_rate is None else f"{figures.false_positive_rate:.3%}",
    )


def show(found: list[ModelVersion]) -> None:
    """Print versions as a table of 80 columns."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    if not found:
        console().print("No model is registered.")
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for title in ("version", "", "source", "registered", *_NUMBERS):
        table.add_column(title, justify="right" if title in _NUMBERS else "left", no_wrap=True)
    for one in found:
        in_force = "[bold green]in force[/]" if one.champion else ""
        table.add_row(one.version, in_force, one.source, f"{one.registered_at:%Y-%m-%d}", *cells(one.figures))
    out = console()
    out.width = max(out.width, out.measure(table, options=out.options.update(width=_WIDEST)).maximum)
    out.print(table)


def _rounded(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.3f}"
