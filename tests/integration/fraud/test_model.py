"""The model beside the rules: what it adds, what it may not do, and what happens where it fails."""

import math
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from tests.support.house import House
from tests.support.predictors import Scripted, Suspecting
from tests.support.scoring import NOON, scored
from tests.support.scoring_desk import MakeDatabase, open_desk
from waqiti.contracts.catalog import FRAUD
from waqiti.contracts.fraud import ScoreRequest
from waqiti.foundation.ids import new_id
from waqiti.foundation.telemetry.metrics import samples
from waqiti.scoring.catalogue import NAMES
from waqiti.scoring.predictor import ScoreReason
from waqiti.scoring.shipped import shipped_artifact
from waqiti.scoring.training.innocence import Story, stories
from waqiti.services.fraud import service
from waqiti.services.fraud.domain.decisions import Thresholds
from waqiti.services.fraud.usecases.asking import Serving
from waqiti.services.fraud.usecases.loading import load

AMOUNT = NAMES.index("amount")


class Broken(Scripted):
    """Fails as a model may: with whatever exception its library has."""

    def score(self, matrix: Sequence[Sequence[float]]) -> list[float]:
        raise RuntimeError(f"no trees for {len(matrix)} rows")


class Unexplained(Scripted):
    """Scores, but cannot say why."""

    def reasons(self, row: Sequence[float]) -> list[ScoreReason]:
        raise RuntimeError(f"no reasons for {row[AMOUNT]}")


def total(name: str) -> float:
    """Return a counter, over all its labels."""
    return sum((sample.value for sample in samples() if sample.name == name), 0.0)


async def test_a_real_model_reviews_declines_and_says_why_and_what_it_saw_is_kept(
    fresh_database: MakeDatabase,
) -> None:
    serving = Serving()
    serving.use("v1.0.0", load(Suspecting(1_000_000).content))
    async with open_desk(fresh_database, served=serving) as desk:
        small, large = await desk.score(scored(new_id(), new_id(), 500), scored(new_id(), new_id(), 50_000_000))
        assert (small.outcome, small.model_version, small.reasons) == ("approve", "v1.0.0", [])
        assert 0.0 < small.score < 0.1
        assert (large.outcome, large.model_version) == ("decline", "v1.0.0")
        assert [reason.code for reason in large.reasons] == ["amount_unusual"]
        kept = await desk.rows("SELECT amount, features IS NULL FROM decisions ORDER BY amount")
        assert kept == [(500, True), (50_000_000, False)]
        assert await desk.shown("amount") == [pytest.approx(math.log(50_000_000)), None]


async def test_reasons_are_asked_for_where_the_models_score_reaches_review(fresh_database: MakeDatabase) -> None:
    model = Scripted(lambda row: {0: 0.6999, 1: 0.69996, 2: 0.85}[round(row[AMOUNT] / math.log(10))])
    async with open_desk(fresh_database, model=model) as desk:
        items = [scored(new_id(), new_id(), amount) for amount in (1, 10, 100)]
        decisions = await desk.score(*items)
        assert [(row.score, row.outcome, len(row.reasons)) for row in decisions] == [
            (0.6999, "approve", 0),
            (0.7, "review", 1),
            (0.85, "decline", 1),
        ]
        assert await desk.score(*items) == decisions


async def test_what_stays_with_its_owner_is_no_matter_for_the_model(fresh_database: MakeDatabase) -> None:
    model, owner = Scripted(lambda _: 0.99), new_id()
    async with open_desk(fresh_database, model=model) as desk:
        decisions = await desk.score(scored(owner, owner, 10**9), scored(owner, owner, 10**9, kind="exchange"))
        assert [(row.outcome, row.score, row.model_version) for row in decisions] == [("approve", 0.0, None)] * 2
        assert (model.rows, await desk.states(owner)) == ([], [])


@pytest.mark.parametrize(
    "model", [Broken(), Scripted(lambda _: math.nan), Scripted(lambda _: math.inf), Scripted(lambda _: -0.1)]
)
async def test_a_model_that_fails_leaves_the_rules_to_decide(fresh_database: MakeDatabase, model: Scripted) -> None:
    before = total("fraud_model_failures_total")
    async with open_desk(fresh_database, model=model) as desk:
        payer = new_id()
        decisions = await desk.score(*(scored(payer, new_id(), 990_000) for _ in range(5)))
        assert [row.outcome for row in decisions] == ["approve"] * 2 + ["review"] + ["decline"] * 2
        assert {row.model_version for row in decisions} == {None}
        assert total("fraud_model_failures_total") == before + 5


async def test_a_score_counts_without_its_reasons(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database, model=Unexplained(lambda _: 0.75)) as desk:
        (decision,) = await desk.score(scored(new_id(), new_id(), 500))
        assert (decision.outcome, decision.score, decision.model_version) == ("review", 0.75, "v1")
        assert [reason.code for reason in decision.reasons] == ["score_at_threshold"]


async def test_without_a_model_rules_decide_and_that_is_counted(fresh_database: MakeDatabase) -> None:
    before = total("fraud_model_missing_total")
    async with open_desk(fresh_database) as desk:
        (decision,) = await desk.score(scored(new_id(), new_id(), 500))
        assert (decision.outcome, decision.model_version) == ("approve", None)
        assert total("fraud_model_missing_total") == before + 1


async def test_a_release_whose_own_model_cannot_be_loaded_scores_by_rules_and_says_so(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(service, "shipped_artifact", lambda: b"")
    async with house.serving([service.SERVICE]) as addresses:
        payments = house.internal_client(addresses[FRAUD], "payment-service")
        item = msgspec.to_builtins(scored(new_id(), new_id(), 500))
        (decision,) = (await payments.post("/internal/score", {"items": [item]})).document()["decisions"]
        assert (decision["outcome"], decision["model_version"]) == ("approve", None)
        health = (await house.client(addresses[FRAUD]).get("/actuator/health")).document()
        assert (health["status"], health["components"]["model"]["status"]) == ("UP", "DOWN")
        assert health["components"]["model"]["detail"].endswith("Scoring goes on with rules alone.")
    assert "no_model" in capsys.readouterr().out


async def test_thresholds_of_zero_do_not_have_every_ordinary_payment_explained(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database, model=Scripted(lambda _: 0.001)) as desk:
        desk.scorers[0].use(Thresholds(0.0, 0.0, review=True))
        (decision,) = await desk.score(scored(new_id(), new_id(), 500))
        assert (decision.outcome, [reason.code for reason in decision.reasons]) == ("decline", ["score_at_threshold"])


async def test_thirty_small_payments_a_second_between_two_new_wallets_pass(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database, served=_shipped()) as desk:
        payer, payee = new_id(), new_id()
        items = [scored(payer, payee, 100, at=NOON + timedelta(seconds=n / 30)) for n in range(150)]
        for start in range(0, len(items), 30):
            decisions = await desk.score(*items[start : start + 30])
            assert {row.outcome for row in decisions} == {"approve"}
        assert (await desk.states(payer))[0].days.buckets[0].sent == 150


async def test_innocent_people_are_neither_refused_nor_reviewed(fresh_database: MakeDatabase) -> None:
    async with open_desk(fresh_database, served=_shipped()) as desk:
        for name, story in stories(seed=20, times=1):
            items = _items(story)
            for start in range(0, len(items), 100):
                decisions = await desk.score(*items[start : start + 100])
                must_pass = story.must_pass[start : start + 100]
                refused = [
                    row for row, must in zip(decisions, must_pass, strict=True) if must and row.outcome != "approve"
                ]
                assert refused == [], name


def _items(story: Story) -> list[ScoreRequest]:
    people: dict[object, UUID] = {}
    return [
        scored(
            people.setdefault(row.payer, new_id()),
            None if row.payee is None else people.setdefault(row.payee, new_id()),
            row.amount,
            at=row.at,
            kind="payment" if row.kind == "payment" else "withdrawal",
        )
        for row in story.movements
    ]


def _shipped() -> Serving:
    """Serve the model that ships, as ``waqiti up`` does."""
    serving = Serving()
    serving.use("shipped", load(shipped_artifact()))
    return serving
