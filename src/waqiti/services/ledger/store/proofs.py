"""What must hold in the books, each as a statement that returns where it does not.

Every statement returns ``subject`` and ``detail`` of at most ten offenders and takes one parameter, an instant: it
looks at what was recorded since then (1970-01-01 for everything). They stream on the server; nothing is collected here.
"""

from datetime import datetime
from typing import Final

import msgspec

from waqiti.foundation.database import Connection


class Proof(msgspec.Struct, frozen=True):
    """One thing that must hold, under a name; ``whole`` ones make sense only over everything."""

    name: str
    statement: str
    whole: bool = False


class Offence(msgspec.Struct, frozen=True):
    """A row that breaks a rule."""

    subject: str
    detail: str


_CURRENCIES_SUM_TO_ZERO: Final = """
SELECT currency AS subject,
       format('debits and credits differ by %s posted, %s pending', sum(posted_credits - posted_debits),
              sum(pending_credits - pending_debits)) AS detail
FROM ledger.accounts WHERE $1::timestamptz IS NOT NULL
GROUP BY currency
HAVING sum(posted_credits - posted_debits) <> 0 OR sum(pending_credits - pending_debits) <> 0
LIMIT 10
"""

_AVAILABLE_IS_AT_LEAST_MINIMUM: Final = """
SELECT id::text AS subject,
       format('%s are available, the minimum is %s', posted_credits - posted_debits - pending_debits, minimum) AS detail
FROM ledger.accounts
WHERE last_at >= $1 AND posted_credits - posted_debits - pending_debits < minimum
LIMIT 10
"""

_ACCOUNTS_STAND_AS_THEIR_LAST_ENTRY: Final = """
SELECT a.id::text AS subject,
       format('version %s stands at %s (held %s, expected %s), its entry says %s (%s, %s)', a.version,
              a.posted_credits - a.posted_debits, a.pending_debits, a.pending_credits, e.posted, e.pending_debits,
              e.pending_credits) AS detail
FROM ledger.accounts a LEFT JOIN ledger.entries e ON e.account_id = a.id AND e.version = a.version
WHERE a.last_at >= $1 AND a.version > 0
    AND (a.posted_credits - a.posted_debits, a.pending_debits, a.pending_credits, a.last_at)
        IS DISTINCT FROM (e.posted, e.pending_debits, e.pending_credits, e.recorded_at)
LIMIT 10
"""

_ACCOUNTS_ARE_THE_SUM_OF_THEIR_ENTRIES: Final = """
SELECT coalesce(a.id, e.account_id)::text AS subject,
       format('%s entries of %s in debits and %s in credits, the account says %s of %s and %s', e.entries, e.debits,
              e.credits, a.version, a.posted_debits, a.posted_credits) AS detail
FROM ledger.accounts a FULL JOIN (
    SELECT account_id, count(*) AS entries, max(version) AS newest, min(currency) AS first_currency,
           max(currency) AS last_currency, sum(pending_change) AS pending,
           sum(-posted_change) FILTER (WHERE posted_change < 0) AS debits,
           sum(posted_change) FILTER (WHERE posted_change > 0) AS credits
    FROM ledger.entries WHERE recorded_at >= $1 GROUP BY account_id
) AS e ON e.account_id = a.id
WHERE a.id IS NULL
    OR (a.version, a.version, a.posted_debits::numeric, a.posted_credits::numeric,
        (a.pending_credits - a.pending_debits)::numeric)
        IS DISTINCT FROM (coalesce(e.entries, 0), coalesce(e.newest, 0), coalesce(e.debits, 0), coalesce(e.credits, 0),
                          coalesce(e.pending, 0))
    OR a.currency <> e.first_currency OR a.currency <> e.last_currency
LIMIT 10
"""

_ENTRIES_FOLLOW_EACH_OTHER: Final = """
SELECT account_id::text AS subject,
       format('version %s (%s, held %s, expected %s) does not follow from version %s (%s, %s, %s)', version, posted,
              pending_debits, pending_credits, last_version, last_posted, last_debits, last_credits) AS detail
FROM (
    SELECT account_id, version, posted_change, pending_change, posted, pending_debits, pending_credits, recorded_at,
           coalesce(lag(version) OVER entry, CASE WHEN version = 1 OR $1::timestamptz = 'epoch' THEN 0 END)
               AS last_version,
           coalesce(lag(posted) OVER entry, 0) AS last_posted,
           coalesce(lag(pending_debits) OVER entry, 0) AS last_debits,
           coalesce(lag(pending_credits) OVER entry, 0) AS last_credits,
           lag(recorded_at) OVER entry AS last_at
    FROM ledger.entries WHERE recorded_at >= $1
    WINDOW entry AS (PARTITION BY account_id ORDER BY version)
) AS e
WHERE last_version IS NOT NULL
    AND (version <> last_version + 1 OR posted <> last_posted + posted_change
        OR pending_credits - pending_debits <> last_credits - last_debits + pending_change
        OR (pending_debits <> last_debits AND pending_credits <> last_credits)
        OR recorded_at < last_at)
LIMIT 10
"""

_TRANSFERS_HAVE_THEIR_TWO_ENTRIES: Final = """
SELECT id::text AS subject,
       format('%s of %s: its debit moves %s (%s pending), its credit %s (%s)', outcome, amount, debited,
              debited_pending, credited, credited_pending) AS detail
FROM (
    SELECT t.id, t.outcome, t.amount, t.currency, t.recorded_at, t.effective_at,
           d.posted_change AS debited, d.pending_change AS debited_pending, d.currency AS debit_currency,
           d.recorded_at AS debited_at, d.effective_at AS debit_effective_at, c.posted_change AS credited,
           c.pending_change AS credited_pending, c.currency AS credit_currency, c.recorded_at AS credited_at,
           c.effective_at AS credit_effective_at,
           CASE WHEN t.outcome IN ('posted', 'captured') THEN t.amount ELSE 0 END AS moved,
           CASE t.outcome WHEN 'held' THEN t.amount WHEN 'captured' THEN -h.amount WHEN 'voided' THEN -t.amount
               WHEN 'expired' THEN -t.amount ELSE 0 END AS reserved
    FROM ledger.transfers t
    LEFT JOIN ledger.entries d ON d.transfer_id = t.id AND d.account_id = t.debit
    LEFT JOIN ledger.entries c ON c.transfer_id = t.id AND c.account_id = t.credit
    LEFT JOIN ledger.holds h ON h.id = t.target
    WHERE t.outcome <> 'refused' AND t.recorded_at >= $1
) AS t
WHERE (debited, debited_pending, credited, credited_pending) IS DISTINCT FROM (-moved, -reserved, moved, reserved)
    OR debit_currency <> currency OR credit_currency <> currency
    OR debited_at <> recorded_at OR credited_at <> recorded_at
    OR debit_effective_at IS DISTINCT FROM effective_at OR credit_effective_at IS DISTINCT FROM effective_at
LIMIT 10
"""

_ENTRIES_BELONG_TO_TRANSFERS: Final = """
SELECT e.transfer_id::text AS subject, format('an entry of account %s has no such transfer', e.account_id) AS detail
FROM ledger.entries e LEFT JOIN ledger.transfers t ON t.id = e.transfer_id
WHERE e.recorded_at >= $1
    AND (t.id IS NULL OR t.outcome = 'refused' OR e.account_id NOT IN (t.debit, t.credit))
LIMIT 10
"""

_TRANSFERS_HAVE_NO_THIRD_ENTRY: Final = """
SELECT 'all' AS subject, format('%s entries for %s transfers that moved something', entries, transfers) AS detail
FROM (SELECT count(*) AS entries FROM ledger.entries WHERE recorded_at >= $1) AS e,
     (SELECT count(*) AS transfers FROM ledger.transfers WHERE outcome <> 'refused' AND recorded_at >= $1) AS t
WHERE entries <> 2 * transfers
"""

_HOLDS_ARE_THOSE_OF_TRANSFERS: Final = """
SELECT coalesce(t.id, h.id)::text AS subject, format('held %s, kept as a hold of %s', t.amount, h.amount) AS detail
FROM (SELECT * FROM ledger.transfers WHERE outcome = 'held') AS t FULL JOIN ledger.holds h ON h.id = t.id
WHERE $1::timestamptz IS NOT NULL AND (t.debit, t.credit, t.amount, t.currency, t.expires_at)
    IS DISTINCT FROM (h.debit, h.credit, h.amount, h.currency, h.expires_at)
LIMIT 10
"""

_HOLDS_ARE_RESOLVED_ONCE: Final = """
SELECT coalesce(h.id, t.target)::text AS subject,
       format('resolved by %s, %s of %s was %s by %s', h.resolved_by, t.amount, h.amount, t.outcome, t.id) AS detail
FROM (SELECT * FROM ledger.transfers WHERE outcome IN ('captured', 'voided', 'expired')) AS t
FULL JOIN (SELECT * FROM ledger.holds WHERE resolved_by IS NOT NULL) AS h ON h.resolved_by = t.id
WHERE $1::timestamptz IS NOT NULL
    AND (h.id IS NULL OR t.id IS NULL OR t.target <> h.id OR t.amount > h.amount
        OR (t.debit, t.credit, t.currency) <> (h.debit, h.credit, h.currency)
        OR (t.outcome <> 'captured' AND t.amount <> h.amount))
LIMIT 10
"""

_HELD_MONEY_IS_THAT_OF_OPEN_HOLDS: Final = """
WITH open AS (SELECT debit, credit, amount FROM ledger.holds WHERE resolved_by IS NULL)
SELECT a.id::text AS subject,
       format('held %s by open holds of %s, expected %s by %s', a.pending_debits, coalesce(d.amount, 0),
              a.pending_credits, coalesce(c.amount, 0)) AS detail
FROM ledger.accounts a
LEFT JOIN (SELECT debit AS id, sum(amount) AS amount FROM open GROUP BY debit) AS d ON d.id = a.id
LEFT JOIN (SELECT credit AS id, sum(amount) AS amount FROM open GROUP BY credit) AS c ON c.id = a.id
WHERE $1::timestamptz IS NOT NULL
    AND (a.pending_debits <> coalesce(d.amount, 0) OR a.pending_credits <> coalesce(c.amount, 0))
LIMIT 10
"""

_REFUNDS_STAY_WITHIN_THEIR_ORIGINAL: Final = """
SELECT coalesce(r.target, k.target)::text AS subject,
       format('%s was given back of %s, kept as %s', r.refunded, o.amount, k.refunded) AS detail
FROM (
    SELECT target, debit, credit, currency, sum(amount) AS refunded FROM ledger.transfers
    WHERE purpose = 'refund' AND outcome = 'posted' GROUP BY target, debit, credit, currency
) AS r
FULL JOIN ledger.refund_totals k ON k.target = r.target
LEFT JOIN ledger.transfers o ON o.id = r.target AND o.outcome IN ('posted', 'captured')
WHERE $1::timestamptz IS NOT NULL
    AND (r.refunded IS DISTINCT FROM k.refunded OR o.id IS NULL OR r.refunded > o.amount OR k.moved <> o.amount
        OR (r.debit, r.credit, r.currency) <> (o.credit, o.debit, o.currency))
LIMIT 10
"""

_NOTHING_IS_ADDED_TO_A_CLOSED_PERIOD: Final = """
SELECT e.transfer_id::text AS subject,
       format('recorded at %s, it counts from %s, and the days up to %s were closed at %s', e.recorded_at,
              e.effective_at, c.through, c.closed_at) AS detail
FROM ledger.entries e JOIN ledger.closes c ON e.effective_at < c.closed_before AND e.recorded_at > c.closed_at
WHERE e.effective_at IS NOT NULL AND e.recorded_at >= $1
LIMIT 10
"""

_ADJUSTMENTS_ARE_APPROVED_JOURNAL_ENTRIES: Final = """
SELECT coalesce(t.id, j.id)::text AS subject,
       format('the books: %s %s, reversing %s; the journal: %s %s, reversing %s, proposed by %s and approved by %s',
              t.outcome, t.amount, t.target, j.status, j.amount, j.reverses, j.proposed_by, j.decided_by) AS detail
FROM (SELECT * FROM ledger.transfers WHERE purpose = 'adjustment') AS t
FULL JOIN (SELECT * FROM ledger.journal WHERE status IN ('posted', 'refused')) AS j ON j.id = t.id
WHERE $1::timestamptz IS NOT NULL
    AND ((t.debit, t.credit, t.amount, t.currency, t.effective_at, t.target, t.outcome, t.code)
        IS DISTINCT FROM (j.debit, j.credit, j.amount, j.currency, j.effective_at, j.reverses, j.status, j.code)
        OR j.decided_by = j.proposed_by)
LIMIT 10
"""

PROOFS: Final = (
    Proof("currencies_sum_to_zero", _CURRENCIES_SUM_TO_ZERO),
    Proof("available_is_at_least_minimum", _AVAILABLE_IS_AT_LEAST_MINIMUM),
    Proof("accounts_stand_as_their_last_entry", _ACCOUNTS_STAND_AS_THEIR_LAST_ENTRY),
    Proof("accounts_are_the_sum_of_their_entries", _ACCOUNTS_ARE_THE_SUM_OF_THEIR_ENTRIES, whole=True),
    Proof("entries_follow_each_other", _ENTRIES_FOLLOW_EACH_OTHER),
    Proof("transfers_have_their_two_entries", _TRANSFERS_HAVE_THEIR_TWO_ENTRIES),
    Proof("entries_belong_to_transfers", _ENTRIES_BELONG_TO_TRANSFERS),
    Proof("transfers_have_no_third_entry", _TRANSFERS_HAVE_NO_THIRD_ENTRY),
    Proof("holds_are_those_of_transfers", _HOLDS_ARE_THOSE_OF_TRANSFERS, whole=True),
    Proof("holds_are_resolved_once", _HOLDS_ARE_RESOLVED_ONCE, whole=True),
    Proof("held_money_is_that_of_open_holds", _HELD_MONEY_IS_THAT_OF_OPEN_HOLDS),
    Proof("refunds_stay_within_their_original", _REFUNDS_STAY_WITHIN_THEIR_ORIGINAL, whole=True),
    Proof("nothing_is_added_to_a_closed_period", _NOTHING_IS_ADDED_TO_A_CLOSED_PERIOD),
    Proof("adjustments_are_approved_journal_entries", _ADJUSTMENTS_ARE_APPROVED_JOURNAL_ENTRIES, whole=True),
)


async def offences(connection: Connection, proof: Proof, since: datetime) -> list[Offence]:
    """Return the first rows that break ``proof``; none where it holds."""
    return [Offence(**row) for row in await connection.fetch(proof.statement, since)]


class Counts(msgspec.Struct, frozen=True):
    """How much was looked at."""

    transfers: int
    accounts: int


_COUNTS: Final = """
SELECT (SELECT count(*) FROM ledger.transfers) AS transfers, (SELECT count(*) FROM ledger.accounts) AS accounts
"""


async def counts(connection: Connection) -> Counts:
    """Count transfers, refused ones included, and accounts."""
    return Counts(**(await connection.fetch(_COUNTS))[0])


_DATABASE_NOW: Final = "SELECT clock_timestamp()"


async def database_now(connection: Connection) -> datetime:
    """Return the server's time."""
    now: datetime = await connection.fetchval(_DATABASE_NOW)
    return now
