-- What the database refuses whoever asks: unbalanced entries, changed history, a hold resolved twice.

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

CREATE FUNCTION ledger.keep_balanced(entries regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE TRIGGER balanced AFTER INSERT ON %s REFERENCING NEW TABLE AS new_entries FOR EACH STATEMENT '
        'EXECUTE FUNCTION ledger.check_balanced()', entries);
END
$$;

SELECT ledger.protect('ledger.transfers'), ledger.protect('ledger.entries'), ledger.keep_balanced('ledger.entries');

REVOKE ALL ON FUNCTION ledger.protect(regclass), ledger.keep_balanced(regclass) FROM PUBLIC;
