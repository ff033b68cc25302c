"""The table of changes, on 80 columns."""

from datetime import UTC, datetime

import msgspec

from waqiti.cli.change_lines import change_lines
from waqiti.cli.output import WIDTH
from waqiti.operations.changes.listing import Changes, ListedChange, Unread

AT = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def changed(service: str = "fraud-service", *, before: str, after: str, reason: str = "Why not") -> ListedChange:
    return ListedChange(
        kind="switch", id="chg_1", at=AT, actor="ana", service=service, before=before, after=after, reason=reason
    )


def lines(*changes: ListedChange, unreadable: tuple[Unread, ...] = ()) -> list[str]:
    return [line.text for line in change_lines(Changes(AT, list(changes), list(unreadable)))]


def test_a_change_is_a_line_and_beneath_it_stands_who_made_it_and_why() -> None:
    _, change, by = lines(changed(before="FRAUD_THRESHOLD=0.85", after="FRAUD_THRESHOLD=0.3"))

    assert change == "11-27 12:00:00Z  switch       fraud-service         FRAUD_THRESHOLD 0.85 -> 0.3"
    assert by == "    by ana: Why not"


def test_what_was_changed_at_once_is_told_once() -> None:
    both = [changed(service, before="LOG_LEVEL=INFO", after="LOG_LEVEL=DEBUG") for service in ("b", "a")]

    _, change, where, _ = lines(*both)
    assert "2 deployments" in change
    assert where == "    in a, b"


def test_nothing_is_wider_than_a_terminal_and_nothing_steers_it() -> None:
    found = lines(
        changed(before="", after="1.2.0+" + "a" * 200, reason="x" * 300 + "\x1b[2J"),
        unreadable=(Unread("models_in_force", "ml-service", "the database does not answer " * 5),),
    )

    assert max(map(len, found)) <= WIDTH
    assert "\x1b" not in "".join(found)
    assert "Not known: models in force. ml-service: the database does not answer" in found[-3]


def test_nothing_is_said_to_have_changed_only_as_far_as_is_known() -> None:
    assert lines() == ["Nothing was changed since 2026-11-27 12:00:00Z."]
    said, _ = lines(unreadable=(Unread("journal", "events.jsonl", "Permission denied"),))
    assert said == "Nothing was changed since 2026-11-27 12:00:00Z as far as is known."


def test_what_was_taken_away_is_not_shown_as_if_it_was_set() -> None:
    gone = msgspec.structs.replace(changed(before="MALLOC_ARENA_MAX=2", after=""), kind="environment")

    assert "MALLOC_ARENA_MAX=2 -> removed" in "\n".join(lines(gone))
