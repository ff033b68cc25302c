-- Partitions by month of the id's time bits, and a default for ids from elsewhere in time.

CREATE FUNCTION ledger.first_id_of(instant timestamptz) RETURNS uuid
LANGUAGE sql STABLE AS $$
    SELECT (lpad(to_hex(floor(extract(epoch FROM instant) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- What every partition of entries has: a version stands once in it (across partitions the account's lock and counter
-- see to that), and entries dated back are found by their effective time.
CREATE FUNCTION ledger.index_entries(entries text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE UNIQUE INDEX %I ON ledger.%I (account_id, version)', entries || '_account_version', entries);
    EXECUTE format(
        'CREATE INDEX %I ON ledger.%I (account_id, effective_at) WHERE effective_at IS NOT NULL',
        entries || '_backdated', entries);
END
$$;

CREATE FUNCTION ledger.create_partition(parent text, month timestamptz) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    leaf text := parent || to_char(month AT TIME ZONE 'UTC', '_YYYYMM');
BEGIN
    IF to_regclass(format('ledger.%I', leaf)) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE ledger.%I (LIKE ledger.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', leaf, parent);
    EXECUTE format(
        'ALTER TABLE ledger.%I ATTACH PARTITION ledger.%I FOR VALUES FROM (%L) TO (%L)', parent, leaf,
        ledger.first_id_of(month), ledger.first_id_of(month + interval '1 month'));
    PERFORM ledger.protect(format('ledger.%I', leaf)::regclass);
    IF parent = 'entries' THEN
        PERFORM ledger.index_entries(leaf), ledger.guard_entries(format('ledger.%I', leaf)::regclass);
    END IF;
    RETURN true;
END
$$;

-- Creates the partitions of this month and of `ahead` months after it, and says how many were new. It runs as the
-- owner, so that the service needs no right to make tables. A month of which the default already holds rows stays
-- with the default.
CREATE FUNCTION ledger.create_partitions(ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '500ms'
AS $$
DECLARE
    month timestamptz;
    created integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ledger.create_partitions'));
    FOR month IN
        SELECT date_trunc('month', clock_timestamp()) + n * interval '1 month' FROM generate_series(0, ahead) AS n
    LOOP
        BEGIN
            created := created + ledger.create_partition('transfers', month)::integer
                + ledger.create_partition('entries', month)::integer;
        EXCEPTION WHEN check_violation THEN
            RAISE WARNING 'the default partition keeps the ids of %', month;
        END;
    END LOOP;
    RETURN created;
END
$$;

CREATE TABLE ledger.transfers_default PARTITION OF ledger.transfers DEFAULT;
CREATE TABLE ledger.entries_default PARTITION OF ledger.entries DEFAULT;
SELECT ledger.protect('ledger.transfers_default'), ledger.protect('ledger.entries_default'),
    ledger.index_entries('entries_default'), ledger.guard_entries('ledger.entries_default');
SELECT ledger.create_partitions(3);

REVOKE ALL ON FUNCTION ledger.create_partition(text, timestamptz), ledger.index_entries(text),
    ledger.create_partitions(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.create_partitions(integer) TO waqiti_ledger;
