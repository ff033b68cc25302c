"""Training learns from what was known, tests on later days, and leaves an artifact that says what it is."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import msgspec
import numpy as np
import pytest

from waqiti.scoring import NAMES, REASONS, Movement
from waqiti.scoring.artifact import Artifact, DamagedArtifact, OtherCatalogue, sha256
from waqiti.scoring.predictor import Predictor
from waqiti.scoring.training import Options, Period, Sample, Trained, TrainingDataError, train
from waqiti.scoring.training.evaluation import evaluate, tabulated
from waqiti.scoring.training.split import Split
from waqiti.scoring.training.table import Table, tabulate
from waqiti.simulation import FIRST_DAY, Town, payments

MADE = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 35
OPTIONS = Options(data="A small town.", created_at=MADE)


def town() -> Iterator[Sample]:
    for one in payments(Town.of(5, 100), DAYS):
        movement = Movement(id=one.id, payer=one.payer, payee=one.payee, amount=one.amount, currency="EUR", at=one.time)
        yield Sample(movement, one.label, one.label_at)


@pytest.fixture(scope="module")
def table() -> Table:
    return tabulate(town(), lambda _: None)


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(town(), OPTIONS)


@pytest.fixture(scope="module")
def predictor(trained: Trained) -> Predictor:
    return Predictor.load(trained.artifact)


def test_the_last_week_is_tested_on(trained: Trained) -> None:
    last = FIRST_DAY + timedelta(days=DAYS - 1)

    assert trained.test == Period(last - timedelta(days=6), last)
    assert trained.metrics.frauds > 0


def test_a_model_of_a_small_town_tells_fraud_from_the_rest_and_holds_no_innocent(trained: Trained) -> None:
    assert trained.metrics.auc is not None
    assert trained.metrics.auc > 0.8
    assert trained.verdict.passed, trained.verdict


def test_what_is_learnt_from_was_known_when_the_test_period_began(table: Table) -> None:
    period = Period.last_of(table)
    split = Split.of(table, period, timedelta(0))

    learnt = split.fit | split.validation
    assert table.known[learnt].max() <= period.begin
    assert table.seconds[split.fit].max() < table.seconds[split.validation].min()
    assert not (learnt & split.test).any()
    assert (table.known[~learnt & ~split.test & (table.seconds < period.begin)] > period.begin).all()


def test_nothing_is_learnt_from_days_on_which_everybody_is_new(table: Table) -> None:
    split = Split.of(table, Period.last_of(table))

    assert table.seconds[split.fit].min() >= table.seconds[0] + 3 * 86_400


def test_the_same_data_gives_the_same_bytes_in_whatever_order_it_comes(trained: Trained) -> None:
    assert train(sorted(town(), key=lambda sample: sample.movement.payer), OPTIONS).sha256 == trained.sha256


def test_a_label_of_the_test_period_changes_no_score(table: Table, predictor: Predictor) -> None:
    begin = Period.last_of(table).begin
    late = [
        msgspec.structs.replace(sample, label=1) if sample.movement.second >= begin else sample
        for sample in town()
        if sample.known_at - sample.movement.at >= timedelta(days=7) or sample.movement.second < begin
    ]
    kept = [msgspec.structs.replace(sample, label=0) if sample.movement.second >= begin else sample for sample in late]

    assert np.array_equal(tabulate(late, lambda _: None).rows, tabulate(kept, lambda _: None).rows)


def test_a_model_is_measured_again_to_the_same_figures(trained: Trained, predictor: Predictor) -> None:
    assert evaluate(predictor, *tabulated(town(), None)) == trained.metrics


@pytest.mark.parametrize(
    ("stream", "test", "sentence"),
    [
        ([], None, "there are no rows"),
        (list(town()), Period(date(2030, 1, 1), date(2030, 1, 2)), "there is no row in the test period"),
        (list(town()), Period(FIRST_DAY, FIRST_DAY), "fewer than two frauds were known"),
    ],
)
def test_what_nothing_can_be_learnt_from_is_refused(stream: list[Sample], test: Period | None, sentence: str) -> None:
    with pytest.raises(TrainingDataError, match=sentence):
        train(stream, msgspec.structs.replace(OPTIONS, test=test))


def test_a_period_ends_after_it_begins() -> None:
    with pytest.raises(TrainingDataError, match="ends on 2025-01-01 before it begins on 2025-01-02"):
        Period(date(2025, 1, 2), date(2025, 1, 1))


def test_scores_are_between_0_and_1_and_the_same_alone_as_in_a_batch(table: Table, predictor: Predictor) -> None:
    scores = predictor.score(table.rows[:50])

    assert all(0.0 < score < 1.0 for score in scores)
    assert [predictor.score(table.rows[place : place + 1])[0] for place in range(50)] == scores
    assert predictor.score([table.rows[0].tolist()]) == scores[:1]
    assert predictor.score([]) == []


def test_reasons_of_a_high_score_are_of_the_catalogue_and_different(table: Table, predictor: Predictor) -> None:
    highest = table.rows[int(np.argmax(predictor.score(table.rows)))]

    reasons = predictor.reasons(highest.tolist())

    assert 1 <= len(reasons) <= 3
    assert len({reason.code for reason in reasons}) == len(reasons)
    assert all(REASONS[reason.code] == reason.detail for reason in reasons)


def test_an_artifact_says_what_it_is(predictor: Predictor, trained: Trained) -> None:
    manifest = predictor.manifest

    assert predictor.sha256 == trained.sha256
    assert manifest.features == NAMES
    assert manifest.created_at == MADE
    assert manifest.metrics == trained.metrics
    assert "A small town." in predictor.card
    assert all(f"`{name}`" in predictor.card for name in NAMES)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.999])
def test_an_artifact_that_was_cut_is_refused(trained: Trained, share: float) -> None:
    with pytest.raises(DamagedArtifact):
        Predictor.load(trained.artifact[: int(len(trained.artifact) * share)])


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.8, 0.97])
def test_an_artifact_with_other_bytes_is_refused(trained: Trained, share: float) -> None:
    content = bytearray(trained.artifact)
    place = int(len(content) * share)
    content[place : place + 8] = bytes(byte ^ 0x55 for byte in content[place : place + 8])

    with pytest.raises(DamagedArtifact):
        Predictor.load(bytes(content))


def test_trees_that_are_none_are_refused(trained: Trained) -> None:
    artifact = Artifact.read(trained.artifact)
    manifest = msgspec.structs.replace(artifact.manifest, model_sha256=sha256(b"none"))

    with pytest.raises(DamagedArtifact, match="trees cannot be read"):
        Predictor.load(Artifact(manifest, b"none", "").to_bytes())


def test_a_model_of_another_catalogue_is_refused(trained: Trained) -> None:
    artifact = Artifact.read(trained.artifact)
    manifest = msgspec.structs.replace(artifact.manifest, catalogue="other")

    with pytest.raises(OtherCatalogue):
        Predictor.load(msgspec.structs.replace(artifact, manifest=manifest).to_bytes())


def test_a_later_format_is_refused(trained: Trained) -> None:
    artifact = Artifact.read(trained.artifact)
    manifest = msgspec.structs.replace(artifact.manifest, format=2)

    with pytest.raises(DamagedArtifact, match="format 2"):
        Predictor.load(msgspec.structs.replace(artifact, manifest=manifest).to_bytes())
