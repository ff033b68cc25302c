"""Rounds of reviews, and the verdicts that they come to."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.review_queue import at, due, over
from waqiti.contracts.reviews import ReviewKind, ReviewOutcome
from waqiti.foundation.errors import Problem
from waqiti.foundation.ids import new_id
from waqiti.services.fraud.domain.dossiers import KINDS, Decision, Dossier
from waqiti.services.fraud.usecases.telling import FIRST_PAUSE, LONGEST_PAUSE, pause_after

SUBJECT = new_id()


def opened(*kinds: ReviewKind, minutes: int = 0, dossier: Dossier | None = None) -> Dossier:
    before = dossier or Dossier(subject="withdrawal", subject_id=SUBJECT)
    return before.due(due(*kinds, subject_id=SUBJECT, minutes=minutes), new_id)


def decided(dossier: Dossier, kind: ReviewKind, outcome: ReviewOutcome = "approve", *, minutes: int = 1) -> Dossier:
    (review,) = [row for row in dossier.reviews if row.kind == kind and row.status == "open"]
    decision = Decision(outcome=outcome, reason=f"About {kind}", label=None, actor="key_1", at=at(minutes))
    return dossier.decide(review.id, decision)


def shown(dossier: Dossier) -> list[tuple[str, str, int]]:
    return [(row.kind, row.status, row.round) for row in dossier.reviews]


def test_what_is_due_twice_is_there_once() -> None:
    dossier = opened("fraud", "compliance")
    assert opened("fraud", "compliance", dossier=dossier) is dossier
    assert shown(dossier) == [("fraud", "open", 1), ("compliance", "open", 1)]


def test_what_is_due_says_all_that_is_due() -> None:
    dossier = opened("fraud", minutes=1, dossier=opened("no_score"))
    assert shown(dossier) == [("no_score", "closed", 1), ("fraud", "open", 1)]
    assert dossier.fate is None


def test_what_was_approved_stays_so_while_the_round_lasts() -> None:
    dossier = decided(opened("fraud", "compliance"), "fraud")
    again = opened("fraud", "compliance", minutes=2, dossier=dossier)
    assert shown(again) == [("fraud", "approved", 1), ("compliance", "open", 1)]


def test_a_round_in_which_all_that_is_still_due_was_approved_is_approved() -> None:
    dossier = opened("fraud", minutes=2, dossier=decided(opened("fraud", "compliance"), "fraud"))
    assert (dossier.fate, shown(dossier)[1]) == ("approve", ("compliance", "closed", 1))
    verdict = dossier.verdict()
    assert (verdict.approved, verdict.actor, verdict.reason) == (["fraud"], "key_1", "About fraud")


def test_all_must_approve() -> None:
    dossier = decided(opened("fraud", "compliance"), "compliance")
    assert dossier.fate is None
    dossier = decided(dossier, "fraud", minutes=2)
    verdict = dossier.verdict()
    assert (verdict.outcome, verdict.approved, verdict.declined) == ("approve", ["fraud", "compliance"], None)
    assert verdict.reason == "About fraud"


def test_a_decline_closes_the_others_and_is_final() -> None:
    dossier = decided(opened("fraud", "compliance"), "fraud", "decline")
    assert shown(dossier) == [("fraud", "declined", 1), ("compliance", "closed", 1)]
    verdict = dossier.verdict()
    assert (verdict.outcome, verdict.approved, verdict.declined) == ("decline", [], "fraud")
    assert opened("compliance", minutes=9, dossier=dossier) is dossier


def test_another_round_may_have_the_kind_of_the_one_before_and_knows_what_was_approved() -> None:
    dossier = opened("compliance", minutes=2, dossier=decided(opened("compliance", "no_score"), "compliance"))
    assert dossier.fate == "approve"
    dossier = opened("compliance", minutes=3, dossier=dossier)
    assert (dossier.round, dossier.fate, shown(dossier)[-1]) == (2, None, ("compliance", "open", 2))
    dossier = decided(opened("fraud", "compliance", minutes=4, dossier=dossier), "fraud", minutes=5)
    assert decided(dossier, "compliance", minutes=6).verdict().approved == ["fraud", "compliance"]


def test_what_is_over_is_closed_and_nothing_late_opens_it_again() -> None:
    item = due("fraud", subject_id=SUBJECT)
    dossier = opened("fraud").over(over(item))
    assert (dossier.fate, shown(dossier)) == (None, [("fraud", "closed", 1)])
    assert opened("fraud", dossier=dossier) is dossier
    assert opened("fraud", minutes=1, dossier=dossier) is dossier
    before_it_was_due = Dossier(subject="withdrawal", subject_id=SUBJECT).over(over(item))
    assert opened("fraud", dossier=before_it_was_due) is before_it_was_due
    assert opened("fraud", minutes=2, dossier=dossier).is_open


def test_what_is_not_open_is_not_decided() -> None:
    dossier = decided(opened("fraud", "compliance"), "fraud")
    for review in (dossier.over(over(due("fraud", subject_id=SUBJECT))), dossier):
        decision = Decision(outcome="decline", reason="No", label=None, actor="key_2", at=at(3))
        with pytest.raises(Problem) as refused:
            review.decide(dossier.reviews[0].id, decision)
        assert refused.value.code == "conflict"


@pytest.mark.parametrize("outcome", ["approve", "decline"])
def test_what_its_owner_has_given_up_is_not_decided(outcome: ReviewOutcome) -> None:
    item = due("fraud", subject_id=SUBJECT, decide_by=at(5))
    dossier = Dossier(subject="withdrawal", subject_id=SUBJECT).due(item, new_id)
    assert decided(dossier, "fraud", outcome, minutes=4).fate == outcome
    with pytest.raises(Problem, match="nobody decided in time") as refused:
        decided(dossier, "fraud", outcome, minutes=5)
    assert refused.value.code == "conflict"


def test_a_review_that_opens_later_has_the_time_that_its_owner_gives_it() -> None:
    first = due("no_score", subject_id=SUBJECT, decide_by=at(5))
    again = due("fraud", "no_score", subject_id=SUBJECT, minutes=1, decide_by=at(6))
    dossier = Dossier(subject="payment", subject_id=SUBJECT).due(first, new_id).due(again, new_id)
    assert [row.decide_by for row in dossier.reviews] == [at(6), at(6)]


def test_what_is_open_shows_the_newest_score() -> None:
    dossier = opened("fraud").due(due("fraud", subject_id=SUBJECT, minutes=1, score=0.9), new_id)
    assert [row.score for row in dossier.reviews] == [0.9]


_kinds = st.lists(st.sampled_from(KINDS), unique=True)
_moves = st.one_of(
    st.tuples(st.just("due"), _kinds),
    st.tuples(st.just("again"), st.none()),
    st.tuples(st.just("over"), st.none()),
    st.tuples(st.sampled_from(["approve", "decline"]), st.integers(0, 2)),
)


@given(st.lists(_moves, max_size=12))
def test_whatever_happens_a_kind_is_open_once_and_nobody_is_against_what_is_approved(
    moves: list[tuple[str, object]],
) -> None:
    dossier = Dossier(subject="payment", subject_id=SUBJECT)
    for number, (move, what) in enumerate(moves):
        dossier = _moved(dossier, move, what, number)
        states = [(row.kind, row.round) for row in dossier.reviews if row.status == "open"]
        assert len({kind for kind, _ in states}) == len(states)
        assert {round_number for _, round_number in states} <= {dossier.round}
        if dossier.fate == "approve":
            assert not dossier.is_open
            assert dossier.kinds("approved")
            assert not dossier.kinds("declined")
        assert (dossier.fate == "decline") == any(row.status == "declined" for row in dossier.reviews)


def _moved(dossier: Dossier, move: str, what: object, number: int) -> Dossier:
    item = due("fraud", subject_id=SUBJECT, minutes=number)
    if move == "due":
        kinds: list[ReviewKind] = what  # type: ignore[assignment]
        return dossier.due(due(*kinds, subject_id=SUBJECT, minutes=number), new_id)
    if move == "again":
        return dossier.due(due(*KINDS, subject_id=SUBJECT, minutes=number - 1), new_id)
    if move == "over":
        return dossier.over(over(item, minutes=number))
    open_now = [row for row in dossier.reviews if row.status == "open"]
    if not open_now:
        return dossier
    outcome: ReviewOutcome = move  # type: ignore[assignment]
    chosen = open_now[int(str(what)) % len(open_now)]
    decision = Decision(outcome=outcome, reason="So it is", label=None, actor="key_1", at=at(number))
    return dossier.decide(chosen.id, decision)


def test_pauses_double_up_to_half_a_minute() -> None:
    pauses = [pause_after(attempts) for attempts in (0, 1, 2, 3, 1_000)]
    assert pauses == [FIRST_PAUSE, FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE, LONGEST_PAUSE]
    assert timedelta(seconds=30) == LONGEST_PAUSE
