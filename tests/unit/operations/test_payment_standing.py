"""Where a payment stands, in words; what stands in 80 columns."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from waqiti.cli.payments.showing import explained_lines, redriven_lines, stuck_lines, undecided
from waqiti.contracts.catalog import COMPLIANCE, FRAUD, LEDGER
from waqiti.contracts.fraud import Reason
from waqiti.contracts.payment import CompliancePart, Decision, FraudPart, Status
from waqiti.foundation.ids import new_id
from waqiti.operations.facts.decisions import ComplianceFacts, FraudFacts
from waqiti.operations.facts.deliveries import DeliveryFacts
from waqiti.operations.facts.ledger import EntryFacts, HoldFacts, LedgerFacts, TransferFacts
from waqiti.operations.facts.payment import (
    DisputeFacts,
    Happened,
    ParkedFacts,
    PaymentFacts,
    PaymentLife,
    Poisoned,
    RefundFacts,
)
from waqiti.operations.facts.reading import Unreadable
from waqiti.operations.facts.reviews import ReviewFacts, ReviewsFacts, VerdictFacts
from waqiti.operations.payments.ages import written
from waqiti.operations.payments.explaining import explained
from waqiti.operations.payments.life import Life
from waqiti.operations.payments.redriving import Outcome, RedriveDone
from waqiti.operations.payments.standing import standing, waits_for
from waqiti.operations.payments.stuck import Amount, Shown, Stuck
from waqiti.scoring import NAMES

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
ID = new_id()
PAYER, PAYEE = new_id(), new_id()
AWAY = Unreadable("score", "fraud-service", "the database does not answer", 12)
WIDEST = 80


def life(status: Status, **changes: Any) -> Life:
    """A life whose payment has ``status``; ``changes`` are fields of any of its parts."""
    of_payment = {name: changes.pop(name) for name in PaymentFacts.__struct_fields__ if name in changes}
    of_known = {name: changes.pop(name) for name in PaymentLife.__struct_fields__ if name in changes}
    payment = PaymentFacts(
        **{
            "id": ID,
            "status": status,
            "amount": 1_250,
            "currency": "EUR",
            "fee": 0,
            "manual": False,
            "from_wallet": PAYER,
            "to_wallet": PAYEE,
            "from_account": PAYER,
            "to_account": PAYEE,
            "from_customer": new_id(),
            "to_customer": new_id(),
            "created_by": "key_0123456789abcdef",
            "captured": 0,
            "refunded": 0,
            "reserved": 0,
            "fee_captured": 0,
            "review": None,
            "failure_code": None,
            "settled_by": None,
            "decision": None,
            "created_at": NOW - timedelta(minutes=5),
            "updated_at": NOW,
            **of_payment,
        }
    )
    nothing: dict[str, Any] = {"events": [], "steps": [], "refunds": [], "disputes": [], "poisoned": [], "parked": None}
    known = PaymentLife(**{"payment": payment, "deadline_at": None, "in_line": False, **nothing, **of_known})
    parts: dict[str, Any] = {"fraud": None, "compliance": None, "ledger": None, "reviews": None, "deliveries": None}
    return Life(**{"payment_id": ID, "known": known, "unreadable": [], **parts, **changes})


def parked(reason: str, retry: timedelta = timedelta()) -> ParkedFacts:
    return ParkedFacts(reason, NOW - timedelta(seconds=70), NOW + retry)


SCORE = FraudFacts(
    score=0.74,
    outcome="review",
    reasons=[Reason("velocity", "Thirty payments within an hour, where this payer makes three a week, and more.")],
    model_version="v1.2.3",
    features={name: index * 1_234.5678 for index, name in enumerate(NAMES)},
    decided_at=NOW,
)
SCREENED = ComplianceFacts(outcome="clear", state="reserved", refusals=[], reasons=[], reserved_at=NOW)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (life("created", in_line=True), "It stands in line"),
        (life("created"), "No event that is to come will move it"),
        (life("screening", parked=parked("away")), "It has waited for fraud-service for 1m 10s"),
        (life("screening", parked=parked("away"), fraud=SCORE), "waited for compliance-service"),
        (life("screening", parked=parked("away"), fraud=SCORE, compliance=SCREENED), "waited for ledger-service"),
        (life("screening", parked=parked("away"), unreadable=[AWAY]), "waited for a service that did not answer"),
        (
            life("screening", parked=parked("poison", timedelta(minutes=9)), poisoned=[Poisoned(NOW, "fraud: Odd.")]),
            "could not be decided (fraud: Odd): mend that and redrive it; by itself it is asked about again in 9m",
        ),
        (life("screening", parked=parked("poison")), "asked about again now"),
        (life("screening"), "not parked"),
        (
            life("in_review", review="compliance", deadline_at=NOW + timedelta(hours=71)),
            "held because screening found a possible hit: a person has to approve or decline it; 2d 23h are left, then",
        ),
        (
            life("in_review", review="no_score", deadline_at=NOW + timedelta(hours=71)),
            "no score in time: it is scored as soon as fraud-service answers, and goes on by itself unless",
        ),
        (
            life("in_review", review="no_score", deadline_at=NOW + timedelta(hours=71)),
            "score says review; a person may decide before; 2d 23h are left, then it is declined.",
        ),
        (life("authorized", deadline_at=NOW + timedelta(days=6)), "until the client captures or voids; 6d are left"),
        (life("captured", captured=1_250), "It has ended: 12.50 EUR moved."),
        (life("partially_refunded", captured=1_250, refunded=250), "12.50 EUR moved and 2.50 EUR of that went back"),
        (life("refunded", captured=1_250, refunded=1_250), "all of the 12.50 EUR that moved went back"),
        (life("canceled"), "voided before any money moved"),
        (life("expired"), "the hold ran out"),
        (life("declined", failure_code="fraud_declined"), "declined by fraud_declined, and no money moved. The risk"),
        (life("failed", failure_code="insufficient_funds"), "failed by insufficient_funds"),
    ],
)
def test_one_sentence_says_where_it_stands_and_what_happens_next(found: Life, said: str) -> None:
    assert said in standing(found, NOW)


CUT_OFF = {name: f"waqiti switch unset ISOLATION_MODE --service {name} --reason ..." for name in (LEDGER, FRAUD)}


def test_a_service_that_is_cut_off_is_named_with_the_command_that_ends_it() -> None:
    ledger = life("screening", parked=parked("away"), fraud=SCORE, compliance=SCREENED)

    assert standing(ledger, NOW, CUT_OFF).endswith(
        "every two seconds. ledger-service is cut off by ISOLATION_MODE and does nothing until: "
        "waqiti switch unset ISOLATION_MODE --service ledger-service --reason ..."
    )
    assert CUT_OFF[LEDGER] in [line.text for line in explained_lines(explained(ledger, NOW, CUT_OFF))]
    assert "fraud-service is cut off" in standing(life("in_review", review="no_score"), NOW, CUT_OFF)
    assert "cut off" not in standing(life("captured", captured=1_250), NOW, CUT_OFF), "nothing more happens to it"
    assert "cut off" not in standing(life("created"), NOW, CUT_OFF), "payment-service is not"


def test_what_steers_a_terminal_is_seen_and_does_nothing() -> None:
    poisoned = Poisoned(NOW, "odd\x1b]0;mine\x07 \x1b[2J\x9b1m text")
    lines = explained_lines(explained(life("screening", parked=parked("poison"), poisoned=[poisoned]), NOW))
    row = shown("queued", id="pay_\x1b[31m")
    found = Stuck(at=NOW, older_seconds=30, payments=1, amounts=[], listed=[row], held=[], unreadable=[])
    text = "".join(line.text for line in [*lines, *stuck_lines(found)])

    assert text.isprintable(), text
    assert r"\x1b]0;mine\x07" in text
    assert r"pay_\x1b[31m" in text


def test_what_waits_for_people_is_told_in_words() -> None:
    events = [
        happened(1, "review.due", None, "", "fraud, compliance"),
        happened(2, "review.due", None, "", "no_score"),
        happened(3, "review.over", None, ""),
    ]
    told = explained(life("captured", captured=1_250, events=events), NOW).timeline

    assert [moment.what for moment in told] == [
        "waits for a person: fraud, compliance",
        "waits for a score, or a person",
        "waits for nobody any more",
    ]


def test_a_refund_under_way_is_what_is_said_first() -> None:
    refund = RefundFacts(
        id=new_id(), number=1, amount=250, status="pending", failure_code=None, actor="key_k", created_at=NOW
    )

    assert "A refund of 2.50 EUR is under way" in standing(life("captured", captured=1_250, refunds=[refund]), NOW)


def test_a_payment_that_is_not_there_differs_from_a_database_that_is_not() -> None:
    unknown = msgspec.structs.replace(life("created"), known=None)
    away = Unreadable("payment", "payment-service", "the database does not answer", 12)

    assert standing(unknown, NOW) == "There is no such payment."
    assert "cannot be known now" in standing(msgspec.structs.replace(unknown, unreadable=[away]), NOW)


def test_nobody_is_said_to_be_waited_for_where_nobody_is() -> None:
    assert waits_for(life("captured", captured=1_250)) is None
    assert waits_for(life("screening", parked=parked("poison"))) is None


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0s"), (-5, "0s"), (7, "7s"), (70, "1m 10s"), (3_600, "1h"), (90_061, "1d 1h"), (86_400 * 400, "400d")],
)
def test_a_span_is_written_in_its_two_largest_units(seconds: int, said: str) -> None:
    assert written(timedelta(seconds=seconds)) == said


def test_a_life_fits_eighty_columns_and_is_in_the_order_of_time() -> None:
    review = new_id()
    found = life(
        "in_review",
        review="fraud",
        deadline_at=NOW + timedelta(hours=70),
        decision=Decision(
            fraud=FraudPart(score=0.74, outcome="review"), compliance=CompliancePart(outcome="clear", reasons=[])
        ),
        fraud=SCORE,
        compliance=SCREENED,
        events=[
            happened(-2.0, "payment.created", "created", "key_0123456789abcdef"),
            happened(1.0, "payment.in_review", "in_review", "payment-service", "fraud"),
            happened(-1.0, "payment.requeued", None, ""),
        ],
        ledger=LedgerFacts(
            [
                TransferFacts(
                    id=ID,
                    kind="hold",
                    purpose="payment",
                    outcome="held",
                    code=None,
                    debit=PAYER,
                    credit=PAYEE,
                    amount=1_250,
                    currency="EUR",
                    recorded_at=NOW,
                )
            ],
            [HoldFacts(id=ID, amount=1_250, expires_at=NOW + timedelta(hours=72), resolved_by=None)],
            [entry(PAYER, held=1_250), entry(PAYEE)],
        ),
        reviews=ReviewsFacts(
            [
                ReviewFacts(
                    id=review,
                    kind="fraud",
                    status="approved",
                    label="legitimate",
                    decided_by="key_0123456789abcdef",
                    opened_at=NOW + timedelta(seconds=2),
                    decided_at=NOW + timedelta(days=1),
                )
            ],
            [
                VerdictFacts(
                    outcome="approve",
                    state="told",
                    attempts=1,
                    answer="captured",
                    decided_at=NOW,
                    told_at=NOW + timedelta(days=1, seconds=1),
                )
            ],
        ),
        disputes=[
            DisputeFacts(
                id=new_id(),
                kind="wrongly_blocked",
                status="open",
                opened_by="key_fedcba9876543210",
                opened_at=NOW + timedelta(hours=1),
                resolved_by=None,
                resolved_at=None,
            )
        ],
        deliveries=[
            DeliveryFacts(
                id=new_id(),
                endpoint_id=new_id(),
                event_type="payment.partially_refunded",
                status="pending",
                attempts=3,
                created_at=NOW,
                next_at=NOW + timedelta(minutes=5),
                last="503",
                last_at=NOW,
            )
        ],
        unreadable=[AWAY],
    )
    shown = explained(found, NOW)
    lines = [line.text for line in explained_lines(shown)]
    text = "\n".join(lines)

    assert [moment.at for moment in shown.timeline] == sorted(moment.at for moment in shown.timeline)
    assert max(map(len, lines)) <= WIDEST, text
    for said in (
        "12.50 EUR  in_review",
        "03:00:00.000  ledger-service        payment: 12.50 EUR held",
        "queued again",
        "IN_REVIEW (fraud)",
        "2026-03-02",
        "key_0123456789abcdef  review fraud approved, labelled legitimate",
        "fraud-service         verdict told: approve; payment-service:",
        "held: 12.50 EUR until 2026-03-04 03:00:00Z",
        "by model v1.2.3",
        "04:00:00.000  key_fedcba9876543210  dispute opened: wrongly_blocked",
        "3 attempts, last 503,",
        "Not known: score. fraud-service: the database does not answer.",
    ):
        assert said in text, text
    assert [(one.account, one.amount, one.held_change, one.held) for one in shown.entries] == [
        ("payer", 0, 1_250, 1_250)
    ]
    assert msgspec.json.decode(msgspec.json.encode(shown))["traces"] == ["0af7651916cd43dd8448eb211c80319c"]


@pytest.mark.parametrize(
    ("statuses", "outcomes", "said"),
    [
        (["approved"], ["approve"], "People did approve it, but its clock ran out before payment-service could"),
        (["approved", "closed"], [], "People approved some of its reviews, but not all of them in time."),
    ],
)
def test_a_payment_that_was_approved_and_ran_out_of_time_says_why(
    statuses: list[str], outcomes: list[str], said: str
) -> None:
    later = NOW + timedelta(hours=72)
    found = life(
        "declined",
        failure_code="review_expired",
        reviews=ReviewsFacts([review_of(status, later) for status in statuses], [told(one, later) for one in outcomes]),
    )
    text = " ".join(" ".join(line.text for line in explained_lines(explained(found, later))).split())

    assert standing(found, later).startswith(f"It has ended, declined by review_expired, and no money moved. {said}")
    assert "review fraud approved" in text
    assert ("verdict told: approve; payment-service: declined" in text) == bool(outcomes)


def test_a_payment_that_nobody_approved_says_nothing_of_people() -> None:
    expired = life("declined", failure_code="review_expired", reviews=ReviewsFacts([review_of("closed", NOW)], []))
    assert standing(expired, NOW).endswith("Nobody decided the review in time.")


def review_of(status: str, at: datetime) -> ReviewFacts:
    by_person = status == "approved"
    return ReviewFacts(
        id=new_id(),
        kind="fraud",
        status=status,
        label=None,
        decided_by="key_0123456789abcdef" if by_person else None,
        opened_at=NOW,
        decided_at=at,
    )


def told(outcome: str, at: datetime) -> VerdictFacts:
    return VerdictFacts(outcome=outcome, state="told", attempts=1, answer="declined", decided_at=at, told_at=at)


def test_features_that_are_not_0_stand_in_columns_by_name_in_four_digits() -> None:
    values = {"pair_days": 0.0, "payee_age": 13.776769729647844, "amount": 1_234_567, "hour_of_day": 0.00012345}
    found = life("captured", fraud=msgspec.structs.replace(SCORE, features=values))
    lines = [line.text for line in explained_lines(explained(found, NOW))]

    place = lines.index("  features")
    assert lines[place + 1].split() == ["amount", "1,235,000", "payee_age", "13.78"]
    assert lines[place + 2].split() == ["hour_of_day", "0.0001234"]
    assert not any("pair_days" in line for line in lines)
    score = explained(found, NOW).fraud
    assert score is not None
    assert score.features == values, "the document has them whole"
    nothing = life("captured", fraud=msgspec.structs.replace(SCORE, features={"pair_days": 0.0}))
    assert "  features" not in [line.text for line in explained_lines(explained(nothing, NOW))]


def happened(seconds: float, kind: str, status: Status | None, actor: str, reason: str | None = None) -> Happened:
    at = NOW + timedelta(seconds=seconds)
    trace = "0af7651916cd43dd8448eb211c80319c"
    return Happened(at=at, type=kind, status=status, actor=actor, reason=reason, trace=trace)


def entry(account: Any, held: int = 0) -> EntryFacts:
    return EntryFacts(
        transfer_id=ID,
        account_id=account,
        account_kind="wallet",
        version=1,
        posted_change=0,
        held_change=held,
        posted=5_000,
        held=held,
        recorded_at=NOW,
    )


def test_what_is_stuck_fits_eighty_columns_and_says_what_it_waits_for() -> None:
    rows = [
        shown("away", waits_for="compliance-service"),
        shown("poison", next_try_at=NOW + timedelta(minutes=9, seconds=59)),
        shown("queued"),
        shown("lost"),
    ]
    found = Stuck(
        at=NOW,
        older_seconds=30,
        payments=5,
        amounts=[Amount(currency="EUR", payments=5, amount=617_283)],
        listed=rows,
        held=[],
        unreadable=[],
    )
    lines = [line.text for line in stuck_lines(found)]

    assert max(map(len, lines)) <= WIDEST, lines
    assert lines[0] == "5 payments have waited for over 30s: 6,172.83 EUR"
    waits = [line[line.index("EUR") + 5 :] for line in lines[3:7]]
    assert waits == ["compliance", "a try in 9m 59s", "a worker", "being queued"]
    assert lines[-1] == "and 1 more: --json lists them"


def test_what_is_cut_off_stands_below_what_is_stuck() -> None:
    isolated = {COMPLIANCE: f"waqiti switch set ISOLATION_MODE false --service {COMPLIANCE} --reason ..."}
    row = shown("away", waits_for=COMPLIANCE)
    found = Stuck(
        at=NOW, older_seconds=30, payments=1, amounts=[], listed=[row], held=[], unreadable=[], isolated=isolated
    )
    lines = [line.text for line in stuck_lines(found)]

    assert lines[-2:] == [
        "compliance-service is cut off by ISOLATION_MODE and does nothing until:",
        isolated[COMPLIANCE],
    ]
    assert max(map(len, lines)) <= WIDEST, lines


def shown(reason: Any, **fields: Any) -> Shown:
    return Shown(
        **{
            "id": "pay_01jd2v6h3m8q0r4t5w7x9yabcd",
            "status": "screening",
            "reason": reason,
            "amount": 123_456,
            "currency": "EUR",
            "created_at": NOW - timedelta(days=1, hours=2),
            "since": NOW,
            "age_seconds": 93_600.0,
            "waits_for": None,
            "next_try_at": None,
            **fields,
        }
    )


def test_what_redriving_came_to_is_said_of_each() -> None:
    outcomes = [
        Outcome(id="pay_01jd2v6h3m8q0r4t5w7x9yabcd", action="retried", before="screening", after="captured"),
        Outcome(id="pay_01jd2v6h3m8q0r4t5w7x9yabce", action="unknown", before=None, after=None),
    ]
    lines = [line.text for line in redriven_lines(came_to(outcomes))]

    assert [one.moved for one in outcomes] == [True, False]
    assert lines[1].split()[1:] == ["-", "no", "such", "payment", "-"], "what still waits comes first"
    assert lines[2].split()[1:] == ["screening", "asked", "about", "again", "captured"]
    assert max(map(len, lines)) <= WIDEST


def test_a_payment_that_is_not_there_is_not_said_to_wait() -> None:
    unknown = Outcome(id="pay_01jd2v6h3m8q0r4t5w7x9yabce", action="unknown", before=None, after=None)
    waits = Outcome(id="pay_01jd2v6h3m8q0r4t5w7x9yabcd", action="retried", before="screening", after="screening")
    both = msgspec.structs.replace(came_to([unknown, waits]), stuck=[unknown.id, waits.id])
    alone = msgspec.structs.replace(came_to([unknown]), stuck=[unknown.id])

    assert undecided(alone) == ["There is no payment pay_01jd2v6h3m8q0r4t5w7x9yabce"]
    assert undecided(both)[1:] == ["1 of 2 are not decided: waqiti payments explain says why"]


def test_a_screen_is_not_flooded() -> None:
    outcome = Outcome(id="pay_01jd2v6h3m8q0r4t5w7x9yabcd", action="requeued", before="created", after="created")
    lines = redriven_lines(came_to([outcome] * 1_000))

    assert (len(lines), lines[-1].text) == (32, "and 970 more: --json lists them")


def came_to(outcomes: list[Outcome]) -> RedriveDone:
    return RedriveDone(wanted=len(outcomes), payments=outcomes, stuck=[], failure=None, seconds=1, audit_seq=1)
