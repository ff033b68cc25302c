-- What the database refuses whoever asks: unbalanced entries, changed history, a hold resolved twice, entries in a
-- period that is closed.

CREATE FUNCTION ledger.check_balanced() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    unbalanced uuid;
BEGIN
    SELECT transfer_id INTO unbalanced FROM new_entries
    GROUP BY transfer_id, currency
    HAVING sum(posted_change) <> 0 OR sum(pending_change) <> 0
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the entries of transfer % do not balance', unbalanced USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

-- The days up to `through`, UTC, are closed: no entry counts from before `closed_before` any more.
CREATE TABLE ledger.closes (
    id            uuid        PRIMARY KEY,
    through       date        NOT NULL UNIQUE,
    closed_before timestamptz NOT NULL GENERATED ALWAYS AS ((through + 1)::timestamp AT TIME ZONE 'UTC') STORED,
    closed_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_by     text        NOT NULL,
    reason        text        NOT NULL
);

GRANT SELECT, INSERT ON ledger.closes TO waqiti_ledger;

-- Whoever writes entries shares this lock, and whoever closes a period has it alone: a close waits for the batches that
-- are under way, whose entries are before it, and every later one sees it. It is taken before any account is locked.
CREATE FUNCTION ledger.keep_period_open() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('ledger'), hashtext('close'));
END
$$;

-- What a transaction that sees the database as it was at an earlier instant cannot see is the last close.
CREATE FUNCTION ledger.see_last_close() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'the books are written in transactions that read what is committed'
            USING ERRCODE = 'invalid_transaction_state';
    END IF;
END
$$;

CREATE FUNCTION ledger.check_open() RETURNS trigger
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    earliest timestamptz;
    open_from timestamptz;
BEGIN
    PERFORM ledger.see_last_close(), ledger.keep_period_open();
    SELECT c.closed_before INTO open_from FROM ledger.closes c ORDER BY c.through DESC LIMIT 1;
    SELECT min(coalesce(effective_at, recorded_at)) INTO earliest FROM new_entries;
    IF earliest < open_from THEN
        RAISE EXCEPTION 'entries count from %, the period before % is closed', earliest, open_from
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

-- Closes follow each other, and each closes days that have ended. An account's times never fall, also where the clock
-- was set back: `closed_at` may be given as later than now, so that whatever is recorded before it is not after it.
CREATE FUNCTION ledger.check_close() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    last_through date;
BEGIN
    PERFORM ledger.see_last_close();
    PERFORM pg_advisory_xact_lock(hashtext('ledger'), hashtext('close'));
    SELECT max(through) INTO last_through FROM ledger.closes;
    IF NEW.through <= last_through THEN
        RAISE EXCEPTION '% is closed, so is %', last_through, NEW.through USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.through >= (clock_timestamp() AT TIME ZONE 'UTC')::date THEN
        RAISE EXCEPTION '% has not ended', NEW.through USING ERRCODE = 'check_violation';
    END IF;
    NEW.closed_at := greatest(NEW.closed_at, clock_timestamp());
    RETURN NEW;
END
$$;

CREATE TRIGGER closing BEFORE INSERT ON ledger.closes FOR EACH ROW EXECUTE FUNCTION ledger.check_close();

-- Closes the days up to `wanted` and returns the close, or the one of that very day that is there; nothing where a later
-- day is closed already. A wait that takes longer than batches do gives up, for every batch waits behind it.
CREATE FUNCTION ledger.close_period(new_id uuid, wanted date, new_closed_by text, new_reason text)
RETURNS SETOF ledger.closes
LANGUAGE plpgsql SET lock_timeout = '1s' AS $$
DECLARE
    newest timestamptz;
BEGIN
    -- Before the lock: it reads every account, and no account can be further ahead of the clock once it is locked.
    SELECT max(a.last_at) INTO newest FROM ledger.accounts a;
    PERFORM pg_advisory_xact_lock(hashtext('ledger'), hashtext('close'));
    IF EXISTS (SELECT FROM ledger.closes c WHERE c.through >= wanted) THEN
        RETURN QUERY SELECT * FROM ledger.closes c WHERE c.through = wanted;
        RETURN;
    END IF;
    RETURN QUERY
    INSERT INTO ledger.closes AS c (id, through, closed_at, closed_by, reason)
    VALUES (new_id, wanted, greatest(clock_timestamp(), newest), new_closed_by, new_reason)
    RETURNING c.*;
END
$$;

CREATE FUNCTION ledger.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of ledger.% is refused: what was recorded stays', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE FUNCTION ledger.refuse_second_resolution() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'hold % was already resolved', OLD.id USING ERRCODE = 'check_violation';
END
$$;

CREATE TRIGGER resolved_once BEFORE UPDATE ON ledger.holds
FOR EACH ROW WHEN (OLD.resolved_by IS NOT NULL) EXECUTE FUNCTION ledger.refuse_second_resolution();

-- A statement's triggers are those of the table that it names: parents and partitions each need theirs.
CREATE FUNCTION ledger.protect(history regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE TRIGGER unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON %s FOR EACH STATEMENT '
        'EXECUTE FUNCTION ledger.refuse_change()', history);
END
$$;

CREATE FUNCTION ledger.guard_entries(entries regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE TRIGGER balanced AFTER INSERT ON %s REFERENCING NEW TABLE AS new_entries FOR EACH STATEMENT '
        'EXECUTE FUNCTION ledger.check_balanced()', entries);
    EXECUTE format(
        'CREATE TRIGGER in_open_period AFTER INSERT ON %s REFERENCING NEW TABLE AS new_entries FOR EACH STATEMENT '
        'EXECUTE FUNCTION ledger.check_open()', entries);
END
$$;

SELECT ledger.protect('ledger.transfers'), ledger.protect('ledger.entries'), ledger.protect('ledger.closes'),
    ledger.guard_entries('ledger.entries');

REVOKE ALL ON FUNCTION ledger.protect(regclass), ledger.guard_entries(regclass) FROM PUBLIC;
