"""Who changed what: from the journal's end, from what is published, and from the registry of models."""

import asyncio
import time
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from waqiti.cli.change_lines import change_lines
from waqiti.foundation.clock import utc_now
from waqiti.operations.changes.journal import entries_since
from waqiti.operations.changes.listing import Changes, ListedChange, changes_since
from waqiti.operations.cluster.state_directory import make_state_directory
from waqiti.operations.state.journal import BOUND_BYTES, Journal, JournalEntry
from waqiti.operations.state.layout import Layout
from waqiti.operations.store import transaction
from waqiti.operations.switches import changing
from waqiti.operations.switches.changing import forget_expired

FRAUD = "fraud-service"
HOUR = timedelta(hours=1)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    make_state_directory(layout)
    return layout


def set_threshold(layout: Layout, value: float | None, expires_at: datetime | None = None) -> None:
    changing.change(
        layout,
        changing.SwitchChange(
            name="FRAUD_THRESHOLD",
            value=value,
            services=(FRAUD,),
            actor="ana",
            reason="A test.",
            expires_at=expires_at,
        ),
    )


def changes(layout: Layout, service: str | None = None, since: timedelta = HOUR) -> Changes:
    return asyncio.run(changes_since(layout, utc_now() - since, service))


def turns(found: list[ListedChange]) -> list[tuple[str, str, str]]:
    return [(one.actor, one.before, one.after) for one in found]


def test_a_switch_is_told_with_what_was_before_and_by_whom(layout: Layout) -> None:
    set_threshold(layout, 0.9)
    set_threshold(layout, 0.3)
    set_threshold(layout, None)

    found = changes(layout)
    assert turns(found.changes) == [
        ("ana", "FRAUD_THRESHOLD=0.3", "FRAUD_THRESHOLD=0.85"),
        ("ana", "FRAUD_THRESHOLD=0.9", "FRAUD_THRESHOLD=0.3"),
        ("ana", "FRAUD_THRESHOLD=0.85", "FRAUD_THRESHOLD=0.9"),
    ]
    assert {(one.kind, one.service, one.reason) for one in found.changes} == {("switch", FRAUD, "A test.")}
    assert len({one.id for one in found.changes}) == 3
    assert changes(layout, "payment-service").changes == []
    assert changes(layout, since=timedelta(0)).changes == []


def test_the_end_of_a_switch_is_a_change_once_whether_or_not_anybody_has_looked(layout: Layout) -> None:
    set_threshold(layout, 0.3, utc_now() + timedelta(milliseconds=200))
    time.sleep(0.25)

    first = turns(changes(layout).changes)
    assert first[0] == ("expiry", "FRAUD_THRESHOLD=0.3", "FRAUD_THRESHOLD=0.85")
    for _ in range(2):
        with transaction(layout.operations_store) as connection:
            forget_expired(connection, layout)
    assert turns(changes(layout).changes) == first


def test_a_switch_whose_line_of_the_journal_was_lost_is_told_from_what_is_published(layout: Layout) -> None:
    set_threshold(layout, 0.3)
    known = changes(layout).changes[0]
    layout.events.unlink()

    (found,) = changes(layout).changes
    assert (found.id, found.at, found.after, found.before) == (known.id, known.at, known.after, "")


def test_what_processes_do_by_themselves_is_no_change(layout: Layout) -> None:
    journal = Journal(layout.events)
    for kind in ("start", "exit", "supervisor", "restart"):
        journal.append(JournalEntry(at=utc_now(), kind=kind, deployment=FRAUD))
    journal.append(
        JournalEntry(
            at=utc_now(), kind="scale", deployment=FRAUD, id="chg_1", actor="bo", before="1", after="2", detail="More"
        )
    )

    assert [(one.kind, one.actor, one.reason) for one in changes(layout).changes] == [("scale", "bo", "More")]


def test_without_a_database_it_says_so_and_tells_the_rest(layout: Layout) -> None:
    set_threshold(layout, 0.3)

    found = changes(layout)
    assert [(one.fact, one.source) for one in found.unreadable] == [("models_in_force", "ml-service")]
    assert len(found.changes) == 1


def test_damaged_lines_are_counted_and_one_that_is_being_written_is_none(layout: Layout) -> None:
    journal = Journal(layout.events)
    journal.append(JournalEntry(at=utc_now(), kind="start"))
    with layout.events.open("ab") as file:
        file.write(b'{"at": broken\n\x00\xff\n')
    journal.append(JournalEntry(at=utc_now(), kind="exit"))
    with layout.events.open("ab") as file:
        file.write(b'{"at":"2026-')

    found = entries_since(layout, utc_now() - HOUR)
    assert ([entry.kind for entry in found.entries], found.unreadable_lines) == (["exit", "start"], 2)


def test_a_journal_of_sixteen_mebibytes_is_read_from_its_end(layout: Layout) -> None:
    old, journal = utc_now() - timedelta(days=9), Journal(layout.events)
    journal.append(JournalEntry(at=old, kind="exit", lines=["x" * 200] * 20))
    line = layout.events.read_bytes()
    count = BOUND_BYTES // len(line)
    for path in (layout.old_events, layout.events):
        path.write_bytes(line * count)
    journal.append(JournalEntry(at=utc_now(), kind="start"))
    began = time.process_time()
    found = entries_since(layout, utc_now() - HOUR)

    assert [entry.kind for entry in found.entries] == ["start"]
    assert time.process_time() - began < 0.1
    assert len(entries_since(layout, old).entries) == count + 1 + count


def test_a_change_is_told_with_how_it_ended_and_why(layout: Layout) -> None:
    journal, at = Journal(layout.events), utc_now() - timedelta(minutes=1)
    ends = {1: ("complete", ""), 2: ("given_up", "fraud-service-3 ends again and again"), 3: ("overtaken", "By bo")}
    for number in (1, 2, 3, 4):
        journal.append(
            JournalEntry(at=at, kind="scale", deployment=FRAUD, id=f"{FRAUD}/change/{number}", actor="ana", after="3")
        )
    for number, (kind, why) in ends.items():
        journal.append(
            JournalEntry(at=utc_now(), kind=kind, deployment=FRAUD, id=f"{FRAUD}/change/{number}", detail=why)
        )

    found = changes(layout)
    assert [(one.outcome, one.why) for one in found.changes] == [(None, ""), *reversed(ends.values())]
    lines = [line.text for line in change_lines(found)]
    assert "    given up: fraud-service-3 ends again and again" in lines
    assert "    overtaken: By bo" in lines
    assert not any("complete" in line for line in lines)


def test_of_too_many_changes_the_newest_are_listed_and_the_rest_is_said_to_be_left_out(layout: Layout) -> None:
    began = utc_now() - timedelta(minutes=30)
    entries = [
        JournalEntry(at=began + timedelta(seconds=number), kind="restart", deployment=FRAUD, id=f"r/{number}")
        for number in range(1_001)
    ]
    layout.events.write_bytes(b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries))

    found = changes(layout, FRAUD)
    assert len(found.changes) == 1_000
    assert (found.changes[0].id, found.changes[-1].id) == ("r/1000", "r/1")
    (cut,) = found.unreadable
    assert (cut.fact, cut.source) == ("changes", "events.jsonl")
    assert cut.error.startswith("only the newest 1,000 are listed, since 20")
