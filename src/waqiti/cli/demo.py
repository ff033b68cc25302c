"""``waqiti demo``: a town that uses the running platform."""

from typing import Annotated, Final

import msgspec
import uvloop
from cyclopts import Parameter
from cyclopts.validators import Number

from waqiti.cli.calling import is_of_a_mode, refusal
from waqiti.cli.ledger import prove_books, show_verdict
from waqiti.cli.options import Json, whole
from waqiti.cli.output import console, print_document, say
from waqiti.cli.state import credentials_of
from waqiti.cli.town.playing import NobodyAnswers, Played, play
from waqiti.cli.town.showing import DemoProgress, print_explanations, print_outcomes
from waqiti.client import WaqitiError
from waqiti.contracts.catalog import COMPLIANCE, FRAUD, GATEWAY, LEDGER, PAYMENT, WALLET
from waqiti.operations.errors import REFUSED, ClusterError
from waqiti.operations.state.layout import Layout
from waqiti.operations.switches.listing import list_switches
from waqiti.operations.switches.standing import modes_against
from waqiti.simulation import Town

FEWEST: Final = 10
MOST: Final = 100_000
_DEFAULT: Final = 2_000
_SEED: Final = 1
_NEEDED: Final = (GATEWAY, COMPLIANCE, WALLET, LEDGER, FRAUD, PAYMENT)


class Demonstrated(msgspec.Struct, frozen=True, kw_only=True):
    """What ``demo --json`` prints; latencies are from a payment's request to its outcome."""

    payments: int
    by_status: dict[str, int]
    seconds: float
    payments_per_second: float
    p50_ms: float
    p95_ms: float
    books_balanced: bool


def demo(
    *,
    payments: Annotated[int, Parameter(converter=whole, validator=Number(gte=FEWEST, lte=MOST))] = _DEFAULT,
    seed: int = _SEED,
    json: Json = False,
) -> int:
    """Play a day of a simulated town on the running platform, explain some decisions, and prove the books.

    Everybody in it is new and invented, also when it runs again. The same seed and number of payments give the same
    town, the same payments and the same decisions.

    Parameters
    ----------
    payments
        How many payments of the day to send, as fast as the platform answers; the town is as large as that takes.
    seed
        Which town.
    """
    layout = Layout.of(None)
    played = _play(layout, Town.with_payments(seed, payments), payments)
    if not json:
        _show(played)
    verdict = prove_books(layout)
    done = _document(played, balanced=verdict.balanced)
    if json:
        print_document(done)
    else:
        show_verdict(verdict)
    return 0 if verdict.balanced else 1


def _play(layout: Layout, town: Town, count: int) -> Played:
    credentials = credentials_of(layout)
    _refuse_in_a_mode(layout)
    say(f"A town of {len(town.people):,} people and {len(town.merchants):,} merchants, seed {town.seed}")
    try:
        return uvloop.run(play(credentials, town, count, DemoProgress()))
    except NobodyAnswers as error:
        sentence = f"No platform of {layout.root} answers at {credentials.base_url}: start it with waqiti up"
        raise ClusterError(sentence, REFUSED) from error
    except WaqitiError as error:
        if is_of_a_mode(error):
            raise refusal(error, layout) from error
        raise ClusterError(f"The demo could not go on: {error}") from error


def _refuse_in_a_mode(layout: Layout) -> None:
    """Say at once what a request would wait for: a mode lasts for longer than a client is patient.

    Raises:
        ClusterError: refused: a mode is on in which the demo cannot go on.
    """
    found = modes_against(list_switches(layout), _NEEDED)
    if found:
        sentence = f"The demo cannot play while {', '.join(found)}: waqiti switch list says who set it, and why"
        raise ClusterError(sentence, REFUSED)


def _document(played: Played, *, balanced: bool) -> Demonstrated:
    tally = played.tally
    return Demonstrated(
        payments=tally.payments,
        by_status=tally.by_status,
        seconds=round(played.seconds, 3),
        payments_per_second=round(tally.payments / played.seconds, 1),
        p50_ms=round(tally.latency_ms(50), 1),
        p95_ms=round(tally.latency_ms(95), 1),
        books_balanced=balanced,
    )


def _show(played: Played) -> None:
    tally = played.tally
    print_outcomes(tally.lines)
    console().print(
        f"[bold]{tally.payments:,} payments in {played.seconds:.1f} s[/]: {tally.payments / played.seconds:,.0f} a "
        f"second, half of them within {tally.latency_ms(50):.0f} ms, 95 % within {tally.latency_ms(95):.0f} ms\n"
    )
    print_explanations(played.explanations)
