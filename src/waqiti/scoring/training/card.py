"""The card of a model, in words and figures, after Mitchell et al., "Model Cards for Model Reporting", 2019."""

from waqiti.contracts.switches import DEFAULT_REVIEW_THRESHOLD
from waqiti.scoring.artifact import Manifest, Metrics
from waqiti.scoring.catalogue import FEATURES
from waqiti.scoring.training.split import Period


def write_card(manifest: Manifest, data: str, period: Period) -> str:
    """Return the card, in Markdown."""
    features = "\n".join(
        f"| `{one.name}` | {one.type} | {one.unit} | {one.window} | {one.sentence} |" for one in FEATURES
    )
    return f"""# A model that scores payments

Made on {manifest.created_at:%Y-%m-%d} with {manifest.library}. Training `{manifest.training[:16]}`, features
`{manifest.catalogue[:16]}`.

## What it is for

A score from 0 to 1 for a payment or a withdrawal between customers: how likely it is fraud, given what both sides did
before. It supports a decision that rules and thresholds make; it is not meant to judge a person.

## Data

{data}

It learnt from {manifest.metrics.train_rows:,} movements before {period.first} whose labels were known by then. Of these
the last part, with a fifth of the known frauds, decided when to stop and what a score means: log-odds = slope x margin
+ intercept (Platt, 1999). Beside them it was told stories of innocent people (bursts, new wallets, new payees, fresh
deposits), as not fraud.

## Figures

On {period.first} to {period.last}, days (UTC) after those it learnt from:

{_figures(manifest.metrics)}

## Limits

- What it has not seen it does not know: another country's habits, other kinds of fraud, withdrawals and currencies with
  other amounts. Train on your own data and compare.
- Somebody without a history, or with a few days of it, is never held for the amount, the payee or the pace alone: such
  fraud is left to rules.
- Times of day are UTC. Amounts count as they stand, in minor units; every currency has a history of its own.

## Features

| name | type | unit | window | |
|---|---|---|---|---|
{features}
"""


def _figures(metrics: Metrics) -> str:
    rows = (
        ("movements", f"{metrics.rows:,}"),
        ("of them fraud", f"{metrics.frauds:,}"),
        ("area under the ROC curve", _rounded(metrics.auc)),
        ("average precision", _rounded(metrics.average_precision)),
        ("precision at 100 payers a day", _rounded(metrics.precision_at_100)),
        ("the highest that this could be", _rounded(metrics.precision_at_100_ceiling)),
        (f"fraud with a score of {DEFAULT_REVIEW_THRESHOLD:.2f} or more", _rounded(metrics.recall)),
        (f"others with a score of {DEFAULT_REVIEW_THRESHOLD:.2f} or more", _rounded(metrics.false_positive_rate, 5)),
        ("expected calibration error, ten bins", _rounded(metrics.calibration_error, 5)),
    )
    return "| | |\n|---|---|\n" + "\n".join(f"| {name} | {value} |" for name, value in rows)


def _rounded(value: float | None, digits: int = 3) -> str:
    return "none" if value is None else f"{value:.{digits}f}"
