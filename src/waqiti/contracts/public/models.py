"""Models as operators see them."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from waqiti.contracts.public.common import Time

ModelName = Annotated[str, Meta(examples=["fraud-detection"])]
Version = Annotated[str, Meta(max_length=100, examples=["v1.0.0"], extra_json_schema={"pattern": r"^v\d+\.\d+\.\d+$"})]
"""What looks otherwise is not found, which is no matter of the shape."""
Reason = Annotated[str, Meta(max_length=500, examples=["Too many good payments are held"])]
Count = Annotated[int, Meta(ge=0, examples=[10_000])]
Share = Annotated[float, Meta(ge=0, le=1, examples=[0.01])]
Figure = Annotated[Share | None, Meta(examples=[0.5])]
ExpectedRevision = Annotated[Annotated[int, Meta(ge=0)] | None, Meta(examples=[None])]
"""Refuse the change where another revision is in force (0 for none) and another version than the wanted one."""
GateName = Literal["loads", "innocence", "evidence", "auc", "average_precision", "recall", "false_positive_rate"]
ChangeKind = Literal["initial", "promote", "rollback"]
Source = Literal["shipped", "trained"]


class ModelFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How a model did on a test period; None where a figure is not defined, as without any fraud.

    ``rows`` and ``frauds`` count its payments, ``train_rows`` what was learnt from. ``precision_at_k`` is the mean over
    its days of the share of fraud among the ``k`` payers with the highest score; ``recall`` and
    ``false_positive_rate`` are those at the threshold of review. Shares are 0..1. Figures on different data say nothing
    about which model is better: that is what a ``Comparison`` is for.
    """

    rows: Count
    frauds: Count
    train_rows: Count
    auc: Figure
    average_precision: Figure
    precision_at_k: Figure
    k: Annotated[int, Meta(ge=1, examples=[100])]
    recall: Figure
    false_positive_rate: Annotated[Share | None, Meta(examples=[0.001])]
    calibration_error: Share


class ChampionFigures(ModelFigures, frozen=True, kw_only=True):
    """The figures of the version in force."""

    version: str
    revision: int
    since: Time


class ModelMetrics(msgspec.Struct, frozen=True):
    """``fraud`` is the champion of fraud-detection; measured on its test period, not on live payments."""

    models: dict[str, ChampionFigures]


class ModelVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One registered artifact; ``champion`` where it is in force."""

    model: ModelName
    version: str
    champion: bool
    source: Source
    sha256: str
    fingerprint: str
    figures: ModelFigures
    registered_at: Time
    registered_by: str


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """What a version had to pass before it was promoted."""

    name: GateName
    ok: bool
    detail: str


class ChampionChange(msgspec.Struct, frozen=True, kw_only=True):
    """A version that came into force, and why; ``forced`` where it failed a gate."""

    model: ModelName
    version: str
    revision: int
    since: Time
    by: str
    reason: str
    kind: ChangeKind
    gates: list[Gate]
    forced: bool


class NewModelVersion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An artifact to register, in base64 (at most 8 MiB of it decoded); its version is the next one."""

    model: ModelName
    artifact: Annotated[bytes, Meta(examples=["bm8gbW9kZWw="])]
    release: Literal["patch", "minor"] = "patch"


class NewComparison(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Figures of two versions on the same test period; ``data`` says in words which."""

    model: ModelName
    version: Version
    champion: Version
    data: Annotated[str, Meta(min_length=1, max_length=500, examples=["payments.csv, 2026-03-01 to 2026-03-07"])]
    figures: ModelFigures
    champion_figures: ModelFigures


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """How a version did beside the one that was in force, on the same test period."""

    version: str
    champion: str
    data: str
    figures: ModelFigures
    champion_figures: ModelFigures
    compared_at: Time
    compared_by: str


class PromoteModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The version to bring into force; ``force`` passes over gates that fail, and needs a reason."""

    model: ModelName
    version: Version
    force: bool = False
    reason: Reason = ""
    expected_revision: ExpectedRevision = None


class RollBackModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The version to go back to."""

    model: ModelName
    version: Version
    reason: Reason = ""
    expected_revision: ExpectedRevision = None


class ServingReplica(msgspec.Struct, frozen=True):
    """A replica that serves the version; ``applied_ms`` after the change, 0 where it did so before."""

    name: str
    applied_ms: float


class ModelInForce(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a change. ``changed`` is False where the version was in force already."""

    model: ModelName
    version: str
    revision: int
    changed: bool
    forced: bool
    replicas: list[ServingReplica]
    unreached: list[str]
