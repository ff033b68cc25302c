-- The statements of the committer. Account locks are taken in id order and cover all that hangs on an account; what
-- is read under them is read by a later statement, which sees what earlier holders of the locks committed. Plans are
-- made once, perhaps while a table was still empty: they must not settle on reading it whole.

-- Locks accounts in id order, then reads them as they stand. `now` is taken after the locks; `closed_before` is where
-- the open period begins, null where none was ever closed, and stays so until the transaction ends.
CREATE FUNCTION ledger.lock_accounts(ids uuid[])
RETURNS TABLE (
    id uuid, kind text, currency text, minimum bigint, posted_debits bigint, posted_credits bigint,
    pending_debits bigint, pending_credits bigint, version bigint, last_at timestamptz, frozen text, closed boolean,
    now timestamptz, closed_before timestamptz
)
LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    PERFORM ledger.keep_period_open();
    PERFORM FROM ledger.accounts a WHERE a.id = ANY (ids) ORDER BY a.id FOR NO KEY UPDATE;
    RETURN QUERY
    SELECT a.id, a.kind, a.currency, a.minimum, a.posted_debits, a.posted_credits, a.pending_debits,
           a.pending_credits, a.version, a.last_at, a.frozen, a.closed, clock_timestamp(),
           (SELECT c.closed_before FROM ledger.closes c ORDER BY c.through DESC LIMIT 1)
    FROM ledger.accounts a WHERE a.id = ANY (ids);
END
$$;

-- The stored transfers among these ids; each is looked for in its own partition only.
CREATE FUNCTION ledger.find_transfers(ids uuid[]) RETURNS SETOF ledger.transfers
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY SELECT t.* FROM unnest(ids) AS asked (id) JOIN ledger.transfers t ON t.id = asked.id;
END
$$;

-- The holds among these ids.
CREATE FUNCTION ledger.find_holds(ids uuid[]) RETURNS SETOF ledger.holds
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY SELECT h.* FROM ledger.holds h WHERE h.id = ANY (ids);
END
$$;

-- How much was given back of each of these transfers.
CREATE FUNCTION ledger.find_refund_totals(targets uuid[]) RETURNS SETOF ledger.refund_totals
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY SELECT r.* FROM ledger.refund_totals r WHERE r.target = ANY (targets);
END
$$;

-- Marks holds with the transfers that resolve them; says how many were open.
CREATE FUNCTION ledger.resolve_holds(ids uuid[], resolvers uuid[]) RETURNS integer
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    resolved integer;
BEGIN
    UPDATE ledger.holds h SET resolved_by = n.resolver
    FROM unnest(ids, resolvers) AS n (id, resolver)
    WHERE h.id = n.id AND h.resolved_by IS NULL;
    GET DIAGNOSTICS resolved = ROW_COUNT;
    RETURN resolved;
END
$$;

-- Writes what accounts have become; says how many there were.
CREATE FUNCTION ledger.update_accounts(
    ids uuid[], new_posted_debits bigint[], new_posted_credits bigint[], new_pending_debits bigint[],
    new_pending_credits bigint[], new_versions bigint[], recorded_at timestamptz
) RETURNS integer
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    updated integer;
BEGIN
    UPDATE ledger.accounts a
    SET posted_debits = n.posted_debits, posted_credits = n.posted_credits, pending_debits = n.pending_debits,
        pending_credits = n.pending_credits, version = n.version, last_at = recorded_at
    FROM unnest(ids, new_posted_debits, new_posted_credits, new_pending_debits, new_pending_credits, new_versions)
        AS n (id, posted_debits, posted_credits, pending_debits, pending_credits, version)
    WHERE a.id = n.id;
    GET DIAGNOSTICS updated = ROW_COUNT;
    RETURN updated;
END
$$;

-- Posts a batch of plain transfers in one round trip, where every one of them surely passes: all accounts are there,
-- open and of the currency meant; none falls below its minimum at any point of the batch (lowest: the deepest point of
-- its available balance, relative to now) nor rises over a ceiling (the most that it may have now, posted and expected), and
-- no sum of debits or credits passes 2**62. Otherwise nothing is done and null is returned. A known id fails the
-- statement by its primary key.
--
-- Accounts come in id order, with the sums of their debits and credits and the number of their entries. Transfers name
-- accounts by place, counted from 1, and carry the posted balance and the version of both accounts after them,
-- relative to now.
CREATE FUNCTION ledger.post_plain(
    account_ids uuid[], account_currencies text[], account_debits bigint[], account_credits bigint[],
    account_lowest bigint[], account_ceilings bigint[], account_entries integer[],
    transfer_ids uuid[], transfer_purposes text[], transfer_currencies text[], transfer_amounts bigint[],
    debit_places integer[], debit_posted bigint[], debit_versions integer[],
    credit_places integer[], credit_posted bigint[], credit_versions integer[]
) RETURNS timestamptz
LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    base_posted bigint[];
    base_pending_debits bigint[];
    base_pending_credits bigint[];
    base_versions bigint[];
    base_currencies text[];
    base_room bigint[];
    base_counted bigint[];
    all_open boolean;
    last_at timestamptz;
    now_at timestamptz;
    open_from timestamptz;
BEGIN
    PERFORM ledger.keep_period_open();
    SELECT c.closed_before INTO open_from FROM ledger.closes c ORDER BY c.through DESC LIMIT 1;
    SELECT array_agg(a.posted_credits - a.posted_debits), array_agg(a.pending_debits), array_agg(a.pending_credits),
           array_agg(a.version), array_agg(a.currency),
           array_agg(a.posted_credits - a.posted_debits - a.pending_debits - a.minimum),
           array_agg(greatest(a.posted_debits + a.pending_debits, a.posted_credits + a.pending_credits)),
           bool_and(NOT a.closed AND a.frozen = 'none'), max(a.last_at)
    INTO base_posted, base_pending_debits, base_pending_credits, base_versions, base_currencies, base_room,
         base_counted, all_open, last_at
    FROM (SELECT * FROM ledger.accounts WHERE id = ANY (account_ids) ORDER BY id FOR NO KEY UPDATE) AS a;

    IF all_open IS NOT TRUE OR cardinality(base_versions) <> cardinality(account_ids)
        OR base_currencies <> account_currencies
    THEN
        RETURN NULL;
    END IF;
    IF EXISTS (
        SELECT FROM unnest(
            base_room, account_lowest, base_posted, base_pending_credits, account_ceilings, base_counted, account_debits,
            account_credits
        ) AS a (room, lowest, posted, expected, ceiling, counted, debits, credits)
        WHERE a.room + a.lowest < 0 OR a.posted + a.expected > a.ceiling
            OR a.counted > (1::bigint << 62) - a.debits - a.credits
    ) THEN
        RETURN NULL;
    END IF;

    -- Also where the clock was set back into a period that is closed.
    now_at := greatest(clock_timestamp(), last_at, open_from);
    INSERT INTO ledger.transfers (id, debit, credit, amount, recorded_at, currency, kind, outcome, purpose)
    SELECT t.id, account_ids[t.debit], account_ids[t.credit], t.amount, now_at, t.currency, 'post', 'posted', t.purpose
    FROM unnest(transfer_ids, debit_places, credit_places, transfer_amounts, transfer_currencies, transfer_purposes)
        AS t (id, debit, credit, amount, currency, purpose);

    INSERT INTO ledger.entries (
        transfer_id, account_id, version, posted_change, pending_change, posted, pending_debits, pending_credits,
        recorded_at, currency
    )
    SELECT t.id, account_ids[e.place], base_versions[e.place] + e.version, e.change, 0,
           base_posted[e.place] + e.posted, base_pending_debits[e.place], base_pending_credits[e.place], now_at,
           t.currency
    FROM unnest(transfer_ids, transfer_currencies, transfer_amounts, debit_places, debit_posted, debit_versions,
                credit_places, credit_posted, credit_versions)
        AS t (id, currency, amount, debit, debit_posted, debit_version, credit, credit_posted, credit_version)
    CROSS JOIN LATERAL (
        VALUES (t.debit, -t.amount, t.debit_posted, t.debit_version),
               (t.credit, t.amount, t.credit_posted, t.credit_version)
    ) AS e (place, change, posted, version);

    UPDATE ledger.accounts a
    SET posted_debits = a.posted_debits + n.debits, posted_credits = a.posted_credits + n.credits,
        version = a.version + n.entries, last_at = now_at
    FROM unnest(account_ids, account_debits, account_credits, account_entries) AS n (id, debits, credits, entries)
    WHERE a.id = n.id;
    RETURN now_at;
END
$$;

-- The newest version of an account that was recorded at or before an instant, 0 where there is none. Times rise with
-- versions, so that halving finds it without an index of its own.
CREATE FUNCTION ledger.version_at(account uuid, instant timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    low bigint := 0;
    high bigint := (SELECT a.version FROM ledger.accounts a WHERE a.id = account);
    middle bigint;
BEGIN
    WHILE low < high LOOP
        middle := (low + high + 1) / 2;
        IF (SELECT e.recorded_at FROM ledger.entries e WHERE e.account_id = account AND e.version = middle) <= instant
        THEN
            low := middle;
        ELSE
            high := middle - 1;
        END IF;
    END LOOP;
    RETURN coalesce(low, 0);
END
$$;

-- Accounts as they stood at an instant of recorded time, and what was recorded later but dated back to it.
CREATE FUNCTION ledger.balances_at(ids uuid[], instant timestamptz)
RETURNS TABLE (
    id uuid, kind text, posted bigint, pending_debits bigint, pending_credits bigint, backdated bigint
)
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
    SELECT a.id, a.kind, coalesce(e.posted, 0), coalesce(e.pending_debits, 0), coalesce(e.pending_credits, 0),
           coalesce((
               SELECT sum(later.posted_change)::bigint FROM ledger.entries later
               WHERE later.account_id = a.id AND later.effective_at <= instant AND later.recorded_at > instant
           ), 0)
    FROM ledger.accounts a
    CROSS JOIN LATERAL (SELECT ledger.version_at(a.id, instant) AS version OFFSET 0) AS found
    LEFT JOIN ledger.entries e ON e.account_id = a.id AND e.version = found.version
    WHERE a.id = ANY (ids);
END
$$;

-- Entries of one account in a range of versions, newest first, with what their transfers say of them.
CREATE FUNCTION ledger.account_entries(account uuid, first_version bigint, last_version bigint, page integer)
RETURNS TABLE (
    transfer_id uuid, version bigint, posted_change bigint, pending_change bigint, posted bigint,
    pending_debits bigint, pending_credits bigint, recorded_at timestamptz, effective_at timestamptz, kind text,
    purpose text, debit uuid
)
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
    SELECT e.transfer_id, e.version, e.posted_change, e.pending_change, e.posted, e.pending_debits, e.pending_credits,
           e.recorded_at, e.effective_at, t.kind, t.purpose, t.debit
    FROM (
        SELECT * FROM ledger.entries
        WHERE account_id = account AND entries.version BETWEEN first_version AND last_version
        ORDER BY entries.version DESC LIMIT page
    ) AS e
    JOIN ledger.transfers t ON t.id = e.transfer_id
    ORDER BY e.version DESC;
END
$$;
