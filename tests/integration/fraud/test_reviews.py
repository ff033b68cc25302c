"""The review queue: what goes into it, who sees it, what people decide, and what owners are told."""

import asyncio
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.support.house import House
from tests.support.review_queue import (
    Casework,
    Owners,
    at,
    becomes,
    captured,
    due,
    figures_of,
    knows_nothing,
    lag,
    open_casework,
    open_topic,
    over,
)
from tests.support.switching import Board
from waqiti.contracts.casework import DISPUTE_OPENED, DISPUTE_RESOLVED, PAYMENT_CASEWORK, DisputeEvent
from waqiti.contracts.catalog import FRAUD
from waqiti.contracts.reviews import Verdict
from waqiti.foundation.clock import utc_now
from waqiti.foundation.errors import DependencyUnavailable, Problem
from waqiti.foundation.events import NewEvent
from waqiti.foundation.ids import encode, new_id
from waqiti.services.fraud.service import SERVICE
from waqiti.services.fraud.usecases import telling

TOLD = "SELECT state, answer FROM verdicts ORDER BY decided_at"


async def test_what_is_due_is_listed_once_and_gone_when_it_is_over(house: House) -> None:
    async with open_casework(house) as queue:
        item = due("fraud", "compliance")
        await queue.due(item, item)
        await queue.due(item)
        open_now = await queue.listed("status=open")
        assert [row["kind"] for row in open_now] == ["compliance", "fraud"]
        assert open_now[0] == {
            "id": open_now[0]["id"],
            "kind": "compliance",
            "status": "open",
            "payment_id": None,
            "withdrawal_id": encode("wdr", item.subject_id),
            "from_wallet": encode("wal", item.from_wallet),
            "to_wallet": None,
            "amount": 1_250,
            "currency": "EUR",
            "score": 0.8,
            "reasons": [{"code": "near_threshold", "detail": "Just beneath a threshold."}],
            "opened_at": "2025-06-15T12:00:00Z",
            "decide_by": None,
            "decided_at": None,
            "decided_by": None,
            "reason": None,
            "label": None,
        }
        await queue.over(over(item))
        await queue.over(over(item))
        await queue.due(item)
        assert await queue.statuses(item.subject_id) == [("fraud", "closed"), ("compliance", "closed")]
        assert (await queue.listed("status=open"), len(await queue.listed())) == ([], 2)
        assert queue.owners.heard == []
        refused = await queue.decide(open_now[0]["id"])
        assert (refused.status, refused.problem()["code"]) == (409, "conflict")


async def test_lists_come_in_pages_by_status_and_kind_and_single_ones_by_their_ids(house: House) -> None:
    async with open_casework(house) as queue:
        for number in range(5):
            await queue.opened("fraud" if number % 2 else "compliance", "no_score")
        first = (await queue.operator.get("/v1/reviews?limit=6")).document()
        rest = (await queue.operator.get(f"/v1/reviews?limit=6&cursor={first['next_cursor']}")).document()
        ids = [row["id"] for row in first["data"] + rest["data"]]
        assert (len(ids), ids, rest["next_cursor"]) == (10, sorted(ids, reverse=True), None)

        await queue.decide(ids[0])
        assert [row["id"] for row in await queue.listed("status=approved")] == ids[:1]
        assert {row["kind"] for row in await queue.listed("kind=no_score")} == {"no_score"}
        assert len(await queue.listed("kind=no_score&status=open")) == 4
        assert (await queue.operator.get(f"/v1/reviews/{ids[3]}")).document()["id"] == ids[3]
        for path in (f"/v1/reviews/{encode('rev', new_id())}", "/v1/reviews/other"):
            assert (await queue.operator.get(path)).problem()["code"] == "not_found"
        for query in ("status=gone", "kind=odd", "limit=0", "cursor=x"):
            assert (await queue.operator.get(f"/v1/reviews?{query}")).status == 422


async def test_all_reviews_of_a_movement_must_be_approved_before_its_owner_hears_of_it(house: House) -> None:
    async with open_casework(house) as queue:
        item = due("fraud", "compliance")
        await queue.due(item)
        open_now = await queue.open_reviews(item.subject_id)
        first = await queue.decide(open_now["fraud"], label="legitimate")
        assert (first.status, first.document()["status"], first.document()["label"]) == (200, "approved", "legitimate")
        assert queue.owners.heard == []
        await queue.decide(open_now["compliance"])

        assert queue.owners.heard == [
            Verdict(
                subject_id=item.subject_id,
                outcome="approve",
                approved=["fraud", "compliance"],
                declined=None,
                actor="key_operator",
                reason="Looked at it",
            )
        ]
        assert await queue.rows(TOLD) == [("told", "captured")]
        assert await queue.rows("SELECT source, label, actor FROM labels") == [("review", "legitimate", "key_operator")]


async def test_the_first_decline_ends_it_and_closes_the_others(house: House) -> None:
    async with open_casework(house) as queue:
        item = due("fraud", "compliance", "no_score")
        await queue.due(item)
        open_now = await queue.open_reviews(item.subject_id)
        await queue.decide(open_now["compliance"])
        assert (await queue.decide(open_now["fraud"], "decline")).document()["status"] == "declined"

        assert await queue.statuses(item.subject_id) == [
            ("fraud", "declined"),
            ("compliance", "approved"),
            ("no_score", "closed"),
        ]
        (heard,) = queue.owners.heard
        assert (heard.outcome, heard.approved, heard.declined) == ("decline", ["compliance"], "fraud")
        await queue.due(due("compliance", subject_id=item.subject_id, minutes=9))
        assert await queue.listed("status=open") == []


async def test_an_owner_that_finds_something_again_opens_another_round(house: House) -> None:
    async with open_casework(house) as queue:
        item = due("fraud")
        await queue.due(item)
        await queue.decide((await queue.open_reviews(item.subject_id))["fraud"])
        again = due("compliance", subject_id=item.subject_id, minutes=2)
        await queue.due(again)
        await queue.due(again, item)
        assert (await queue.decide((await queue.open_reviews(item.subject_id))["compliance"])).status == 200

        assert [heard.approved for heard in queue.owners.heard] == [["fraud"], ["fraud", "compliance"]]
        assert await queue.statuses(item.subject_id) == [("fraud", "approved"), ("compliance", "approved")]


async def test_of_two_operators_at_once_one_decides(house: House) -> None:
    async with open_casework(house) as queue:
        for _ in range(4):
            review = (await queue.opened("fraud"))["fraud"]
            answers = await asyncio.gather(*(queue.decide(review, outcome) for outcome in ("approve", "decline")))
            assert sorted(answer.status for answer in answers) == [200, 409]
            (decided,) = [answer.document() for answer in answers if answer.status == 200]
            assert decided["status"] == (await queue.operator.get(f"/v1/reviews/{review}")).document()["status"]
        assert len(queue.owners.heard) == 4


async def test_a_decision_that_is_sent_again_is_answered_as_before(house: House) -> None:
    async with open_casework(house) as queue:
        review = (await queue.opened("fraud"))["fraud"]
        first, again = [await queue.decide(review, key="k1") for _ in range(2)]
        assert (again.status, again.body, again.headers["idempotent-replayed"]) == (200, first.body, "true")
        late = [await queue.decide(review, key="k2") for _ in range(2)]
        assert [answer.problem()["code"] for answer in late] == ["conflict", "conflict"]
        assert late[1].headers["idempotent-replayed"] == "true"
        assert (await queue.decide(review, "decline", key="k1")).problem()["code"] == "idempotency_key_reused"
        assert len(queue.owners.heard) == 1


async def test_only_operators_see_and_decide_and_only_wallet_service_calls(house: House) -> None:
    async with open_casework(house) as queue:
        review = (await queue.opened("fraud"))["fraud"]
        body = {"outcome": "approve", "reason": "It is mine"}
        for answer in (
            await queue.user.get("/v1/reviews"),
            await queue.user.get(f"/v1/reviews/{review}"),
            await queue.user.post(f"/v1/reviews/{review}/decision", body),
            await queue.operator.post("/internal/reviews/due", {"items": []}),
        ):
            assert (answer.status, answer.problem()["code"]) == (403, "forbidden")
        for odd in ({}, body | {"outcome": "maybe"}, body | {"reason": ""}, body | {"label": "fine"}, body | {"x": 1}):
            assert (await queue.operator.post(f"/v1/reviews/{review}/decision", odd)).status == 422


async def test_the_internal_routes_are_for_wallet_service_and_bounded(house: House) -> None:
    async with open_casework(house) as queue:
        item = msgspec.to_builtins(due("fraud"))
        assert (await queue.wallets.post("/internal/reviews/due", {"items": [item] * 201})).status == 422
        answer = await queue.wallets.post("/internal/reviews/due", {"items": [item] * 200})
        assert (answer.status, answer.document()) == (200, {"count": 200})


async def test_an_owner_that_was_away_is_told_when_it_is_back(house: House) -> None:
    owners = Owners()
    async with open_casework(house, owners, alone=True) as queue:
        item = due("fraud", subject="payment")
        await queue.due(item)
        answer = await queue.decide((await queue.open_reviews(item.subject_id))["fraud"])
        assert (answer.status, answer.document()["status"]) == (200, "approved")
        assert await queue.rows(TOLD) == [("due", None)]
    async with open_casework(house, owners) as queue:
        await becomes(lambda: queue.rows(TOLD), [("told", "captured")])
        assert [heard.subject_id for heard in owners.heard] == [item.subject_id]


async def test_what_its_owner_has_given_up_is_not_decided_any_more(house: House) -> None:
    async with open_casework(house) as queue:
        late, early = utc_now() - timedelta(milliseconds=1), utc_now() + timedelta(hours=1)
        review = (await queue.opened("fraud", decide_by=late))["fraud"]
        refused = [await queue.decide(review, outcome, label="fraud") for outcome in ("approve", "decline")]

        assert [(answer.status, answer.problem()["code"]) for answer in refused] == [(409, "conflict")] * 2
        assert "nobody decided in time" in refused[0].problem()["detail"]
        assert await queue.rows("SELECT count(*) FROM labels") == [(0,)]
        assert await queue.rows(TOLD) == []
        shown = (await queue.operator.get(f"/v1/reviews/{review}")).document()
        assert (shown["status"], datetime.fromisoformat(shown["decide_by"])) == ("open", late)
        in_time = (await queue.opened("fraud", decide_by=early))["fraud"]
        assert (await queue.decide(in_time)).status == 200


async def test_an_approval_that_its_owner_did_not_follow_is_in_the_log(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, str]] = []
    log = SimpleNamespace(warning=lambda event, **fields: said.append((event, fields["status"])))
    monkeypatch.setattr(telling, "_log", log)
    answers = iter(("declined", "captured", "declined"))

    async def answer(_verdict: Verdict) -> str:
        return next(answers)

    async with open_casework(house) as queue:
        queue.owners.answer = answer
        for outcome in ("approve", "approve", "decline"):
            await queue.decide((await queue.opened("fraud"))["fraud"], outcome)
        await becomes(lambda: queue.rows(TOLD), [("told", "declined"), ("told", "captured"), ("told", "declined")])
    assert said == [("approval_without_effect", "declined")]


async def test_an_owner_that_is_slow_does_not_hold_the_operator_up(house: House) -> None:
    async with open_casework(house) as queue:
        release = asyncio.Event()

        async def slowly(_verdict: Verdict) -> str:
            await release.wait()
            return "captured"

        queue.owners.answer = slowly
        review = (await queue.opened("fraud"))["fraud"]
        async with asyncio.timeout(3):
            assert (await queue.decide(review)).status == 200
        release.set()
        await becomes(lambda: queue.rows(TOLD), [("told", "captured")])
        assert {heard.outcome for heard in queue.owners.heard} == {"approve"}


async def test_an_owner_that_stumbles_is_told_again_and_one_that_refuses_is_not(house: House) -> None:
    async with open_casework(house) as queue:
        stumbles = iter((True, True, False))

        async def stumbling(_verdict: Verdict) -> str:
            if next(stumbles):
                raise DependencyUnavailable("ledger", "It was told to be away.")
            return "declined"

        queue.owners.answer = stumbling
        await queue.decide((await queue.opened("fraud"))["fraud"], "decline")
        await becomes(lambda: queue.rows(TOLD), [("told", "declined")])
        assert len(queue.owners.heard) == 3

        queue.owners.answer = knows_nothing
        unknown = (await queue.opened("fraud"))["fraud"]
        await queue.decide(unknown)
        assert await queue.rows(TOLD) == [("told", "declined"), ("failed", "not_found")]
        queue.owners.answer = captured
        await queue.rows("UPDATE verdicts SET next_at = '2020-01-01' WHERE state = 'failed'")
        later = await told_by_the_worker(queue)
        assert [heard.subject_id for heard in queue.owners.heard[4:]] == [later], "it would have come first"

        assert (await queue.decide(unknown, "decline")).status == 409
        again = await queue.decide(unknown)
        assert (again.status, again.document()["status"]) == (200, "approved")
        await becomes(lambda: queue.rows("SELECT DISTINCT state FROM verdicts"), [("told",)])
        assert len(queue.owners.heard) == 6
        assert (await queue.decide(unknown)).status == 409, "it was told"


async def test_an_owner_that_takes_us_for_nobody_is_told_again(house: House) -> None:
    async with open_casework(house) as queue:
        answers = iter((Problem(403, "forbidden", "Who are you?"), Problem.invalid("What?"), Problem.conflict("No.")))

        async def refusing(verdict: Verdict) -> str:
            if (problem := next(answers, None)) is not None:
                raise problem
            return await captured(verdict)

        queue.owners.answer = refusing
        await queue.decide((await queue.opened("fraud"))["fraud"])
        await becomes(lambda: queue.rows(TOLD), [("told", "captured")])
        assert len(queue.owners.heard) == 4


async def told_by_the_worker(queue: Casework) -> UUID:
    """Have the worker tell a verdict that a request only stored; return which movement it is about."""
    item = due("fraud")
    await queue.due(item)
    stored = (
        "INSERT INTO verdicts (subject_id, round, decided_at, next_at, subject, outcome, approved, actor, reason) "
        "VALUES ($1, 1, now(), now(), 'withdrawal', 'approve', '{fraud}', 'key_operator', 'Looked at it')"
    )
    await queue.rows(stored, item.subject_id)
    state = "SELECT state FROM verdicts WHERE subject_id = $1"
    await becomes(lambda: queue.rows(state, item.subject_id), [("told",)])
    return item.subject_id


async def test_read_only_refuses_decisions_and_goes_on_with_what_was_decided(house: House, tmp_path: Path) -> None:
    board, owners = Board(tmp_path), Owners()
    async with open_casework(house, owners, alone=True) as queue:
        kept = (await queue.opened("fraud"))["fraud"]
        first = await queue.decide(kept, key="kept")
        waiting = (await queue.opened("fraud"))["fraud"]
    board.set(FRAUD, "READ_ONLY_MODE", True)
    async with open_casework(house, owners, own=board.variables) as queue:
        refused = await queue.decide(waiting)
        assert (refused.status, refused.problem()["code"]) == (503, "read_only")
        again = await queue.decide(kept, key="kept")
        assert (again.status, again.body) == (200, first.body)
        assert len(await queue.listed()) == 2
        await queue.due(due("compliance"))
        await becomes(lambda: queue.rows(TOLD), [("told", "captured")])


async def test_reviews_pass_in_an_emergency(house: House, tmp_path: Path) -> None:
    board = Board(tmp_path)
    board.set(FRAUD, "EMERGENCY_MODE", True)
    async with open_casework(house, own=board.variables) as queue:
        assert (await queue.decide((await queue.opened("fraud"))["fraud"])).status == 200


def dispute(kind: Any, status: Any, *, minutes: int = 0, payment: Any = None, number: Any = None) -> DisputeEvent:
    return DisputeEvent(
        dispute_id=number or new_id(),
        payment_id=payment or new_id(),
        kind=kind,
        status=status,
        actor="key_operator",
        at=at(minutes),
    )


async def test_the_events_of_payments_fill_the_queue_and_empty_it_in_their_order(house: House) -> None:
    async with open_topic(house) as topic, open_casework(house) as queue:
        first, second, third = (due("fraud", "compliance", subject="payment") for _ in range(3))
        await topic.say(first, second, over(second), third)
        await becomes(lambda: count_open(queue), 4)
        scored = due("fraud", subject="payment", subject_id=third.subject_id, minutes=1)
        await topic.say(over(first), scored)
        await becomes(lambda: queue.statuses(third.subject_id), [("fraud", "open"), ("compliance", "closed")])

        row = (await queue.listed("status=open"))[0]
        assert (row["payment_id"], row["withdrawal_id"]) == (encode("pay", third.subject_id), None)
        assert row["to_wallet"] == encode("wal", third.to_wallet) if third.to_wallet else False
        assert (await queue.decide(row["id"])).status == 200
        assert [heard.subject_id for heard in queue.owners.heard] == [third.subject_id]


async def test_events_that_are_read_again_from_the_beginning_change_nothing(house: House) -> None:
    async with open_topic(house) as topic, open_casework(house) as queue:
        gone, decided = (due("fraud", subject="payment") for _ in range(2))
        await topic.say(gone, over(gone), decided)
        await becomes(lambda: count_open(queue), 1)
        await queue.decide((await queue.open_reviews(decided.subject_id))["fraud"])
        await topic.say(gone, over(gone), decided)
        late = due("compliance", subject="payment")
        await topic.say(late)
        await becomes(lambda: queue.statuses(late.subject_id), [("compliance", "open")])
        await becomes(lambda: lag(house), 0)

        assert await queue.statuses(gone.subject_id) == [("fraud", "closed")]
        assert await queue.statuses(decided.subject_id) == [("fraud", "approved")]
        assert len(queue.owners.heard) == 1


async def test_disputes_that_are_resolved_label_their_payments(house: House) -> None:
    async with open_topic(house) as topic, open_casework(house) as queue:
        ends = [
            ("wrongly_blocked", "lost"),
            ("fraud", "lost"),
            ("fraud", "won"),
            ("wrongly_blocked", "won"),
            ("other", "lost"),
        ]
        opened = [dispute(kind, "open") for kind, _ in ends]
        resolved = [
            dispute(kind, status, minutes=1, payment=before.payment_id, number=before.dispute_id)
            for (kind, status), before in zip(ends, opened, strict=True)
        ]
        await topic.say(*((DISPUTE_OPENED, event) for event in opened))
        await topic.say(*((DISPUTE_RESOLVED, event) for event in resolved))
        await topic.say(*((DISPUTE_OPENED, event) for event in opened), *((DISPUTE_RESOLVED, e) for e in resolved))
        await becomes(lambda: lag(house), 0)

        found = await queue.rows("SELECT subject_id, label FROM labels WHERE source = 'dispute'")
        labels = {row[0]: row[1] for row in found}
        assert [labels.get(event.payment_id) for event in opened] == ["legitimate", "fraud", "legitimate", None, None]
        assert sorted(await queue.rows("SELECT kind, status FROM disputes")) == sorted(ends)


async def test_an_event_that_cannot_be_read_is_put_aside(house: House) -> None:
    async with open_topic(house) as topic, open_casework(house) as queue:
        item = due("fraud", subject="payment")
        broken = NewEvent(PAYMENT_CASEWORK, item.subject_id.hex, "review.due", item.subject_id, b'{"kinds": 1}')
        odd = NewEvent(PAYMENT_CASEWORK, item.subject_id.hex, "review.odd", item.subject_id, b"{}")
        await topic.append(broken, odd)
        await topic.say(item)
        await becomes(lambda: queue.statuses(item.subject_id), [("fraud", "open")])
        assert await queue.rows("SELECT type FROM eventlog.dead_letters ORDER BY 1") == [
            ("review.due",),
            ("review.odd",),
        ]


async def test_two_replicas_tell_each_verdict_once(house: House) -> None:
    owners = Owners()
    async with open_casework(house, owners, alone=True) as queue:
        for _ in range(20):
            await queue.decide((await queue.opened("fraud"))["fraud"])
    services = owners.services()
    async with house.serving(services) as elsewhere, AsyncExitStack() as replicas:
        for _ in range(2):
            await replicas.enter_async_context(house.serving([SERVICE], elsewhere, role="worker"))
        await queue.rows("UPDATE verdicts SET next_at = now()")
        await becomes(lambda: queue.rows("SELECT DISTINCT state FROM verdicts"), [("told",)])
    assert len(owners.heard) == len({heard.subject_id for heard in owners.heard}) == 20


async def test_the_queue_shows_its_length_and_its_age(house: House) -> None:
    async with open_casework(house) as queue:
        await queue.opened("fraud", "compliance")
        await queue.opened("fraud")

        async def shown() -> list[float]:
            text = (await queue.operator.get("/actuator/prometheus")).body.decode()
            return [
                float(line.split(" ")[1])
                for kind in ("fraud", "compliance", "no_score")
                for line in text.splitlines()
                if line.startswith(f'fraud_reviews_open{{kind="{kind}"}}')
            ]

        await becomes(shown, [2.0, 1.0, 0.0])
        oldest = (await queue.operator.get("/actuator/metrics/fraud.reviews.oldest.seconds?tag=kind:fraud")).document()
        assert oldest["measurements"][0]["value"] > 86_400
        assert "fraud_false_positive_rate" not in await figures_of(queue.operator)


async def count_open(queue: Casework) -> int:
    return len(await queue.listed("status=open"))
