-- What customers of a tier may move and hold, in whole units of any currency; the newest row that is in effect counts.
CREATE TABLE limits (
    effective_from timestamptz NOT NULL,
    per_payment    bigint      NOT NULL CHECK (per_payment > 0),
    per_day        bigint      NOT NULL CHECK (per_day > 0),
    per_month      bigint      NOT NULL CHECK (per_month > 0),
    balance        bigint      CHECK (balance > 0),
    tier           text        NOT NULL CHECK (tier IN ('basic', 'standard', 'enhanced')),
    PRIMARY KEY (tier, effective_from)
);

INSERT INTO limits (tier, effective_from, per_payment, per_day, per_month, balance) VALUES
    ('basic', '2000-01-01T00:00:00Z', 5000, 10000, 25000, 20000),
    ('standard', '2000-01-01T00:00:00Z', 25000, 50000, 200000, 100000),
    ('enhanced', '2000-01-01T00:00:00Z', 250000, 1000000, 5000000, NULL);

-- What a customer has used of a window: the sum of what its reserved and confirmed movements count.
CREATE TABLE usage (
    customer_id uuid   NOT NULL,
    used        bigint NOT NULL CHECK (used >= 0),
    starts      date   NOT NULL,
    currency    text   NOT NULL,
    period      text   NOT NULL CHECK (period IN ('day', 'month')),
    PRIMARY KEY (customer_id, currency, period, starts)
) WITH (fillfactor = 50);

-- One row per movement that was screened, the first one wins: the decision, and what it counts.
CREATE TABLE reservations (
    id                 uuid        PRIMARY KEY,
    customer_id        uuid,
    amount             bigint      NOT NULL CHECK (amount > 0),
    counted            bigint      NOT NULL CHECK (counted BETWEEN 0 AND amount),
    max_credit_balance bigint,
    reserved_at        timestamptz NOT NULL DEFAULT now(),
    ask_at             timestamptz NOT NULL DEFAULT now() + interval '10 minutes',
    day                date        NOT NULL,
    currency           text        NOT NULL,
    kind               text        NOT NULL CHECK (kind IN ('payment', 'withdrawal', 'deposit', 'exchange')),
    state              text        NOT NULL
        CHECK (state IN ('reserved', 'confirmed', 'released', 'refused', 'unlimited')),
    outcome            text        NOT NULL CHECK (outcome IN ('clear', 'possible', 'confirmed')),
    refusals           text[],
    reasons            json,
    CONSTRAINT counts_while_it_stands CHECK (state IN ('reserved', 'confirmed') OR counted = 0),
    CONSTRAINT counts_all_while_open CHECK (state <> 'reserved' OR (counted = amount AND customer_id IS NOT NULL)),
    CONSTRAINT refused_for_a_reason CHECK ((state = 'refused') = (refusals IS NOT NULL))
) WITH (fillfactor = 80);

CREATE INDEX reservations_open ON reservations (ask_at) WHERE state = 'reserved';

-- Reservations are locked before counters, each in the order of their keys, by whoever reserves or resolves.

-- Reserves a batch whose windows, given in the order of their locks, have room for all of it. Fails with WQ002 where
-- one has not, with WQ003 where a party no longer stands as it was decided by, and with a unique violation where a
-- movement is known: then nothing is reserved.
-- The commit waits for no disk: what follows from it is a later commit of the ledger's on the same server, and that one
-- is not durable before this one is.
CREATE FUNCTION reserve(
    counter_customers uuid[], counter_currencies text[], counter_periods text[], counter_starts date[],
    counter_amounts bigint[], counter_limits bigint[],
    new_ids uuid[], new_customers uuid[], new_amounts bigint[], new_balances bigint[], new_days date[],
    new_currencies text[], new_kinds text[], new_states text[], new_outcomes text[], new_refusals text[],
    new_reasons text[], party_ids uuid[], party_tiers text[], party_statuses text[], list_version text
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    passed boolean;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    -- LIMIT keeps the planner from reading the table whole: each party is looked up by its key.
    IF cardinality(party_ids) <> (
        SELECT count(*)
        FROM unnest(party_ids, party_tiers, party_statuses) AS p (id, tier, status)
        CROSS JOIN LATERAL (
            SELECT 1 FROM customers c
            WHERE c.id = p.id AND c.tier = p.tier AND c.status = p.status AND c.screening_version = list_version
            LIMIT 1
        ) AS stands
    ) THEN
        RAISE EXCEPTION 'a party no longer stands as it did' USING ERRCODE = 'WQ003';
    END IF;
    INSERT INTO reservations (
        id, customer_id, amount, counted, max_credit_balance, day, currency, kind, state, outcome, refusals, reasons
    )
    SELECT n.id, n.customer_id, n.amount, CASE WHEN n.state = 'reserved' THEN n.amount ELSE 0 END, n.balance, n.day,
           n.currency, n.kind, n.state, n.outcome, string_to_array(n.refusals, ','), n.reasons::json
    FROM unnest(
        new_ids, new_customers, new_amounts, new_balances, new_days, new_currencies, new_kinds, new_states,
        new_outcomes, new_refusals, new_reasons
    ) AS n (id, customer_id, amount, balance, day, currency, kind, state, outcome, refusals, reasons);
    WITH taken AS (
        INSERT INTO usage AS u (customer_id, currency, period, starts, used)
        SELECT n.customer_id, n.currency, n.period, n.starts, n.amount
        FROM unnest(counter_customers, counter_currencies, counter_periods, counter_starts, counter_amounts)
            AS n (customer_id, currency, period, starts, amount)
        ON CONFLICT (customer_id, currency, period, starts) DO UPDATE SET used = u.used + excluded.used
        RETURNING customer_id, currency, period, starts, used
    )
    SELECT bool_or(t.used > n.highest) INTO passed
    FROM taken t
    JOIN unnest(counter_customers, counter_currencies, counter_periods, counter_starts, counter_limits)
        AS n (customer_id, currency, period, starts, highest)
        USING (customer_id, currency, period, starts);
    IF passed THEN
        RAISE EXCEPTION 'a window has no room for all of the batch' USING ERRCODE = 'WQ002';
    END IF;
END
$$;

-- Confirms what ended well, up to the amount that moved, and releases the rest; what is not open stays as it is.
-- Returns how many were open. Counters are given back one by one, in the order of their locks. The plan may be made
-- while the table is empty: it must settle neither on reading it whole, nor on reading all that is open.
CREATE FUNCTION resolve_reservations(resolved_ids uuid[], confirmed boolean[], moved bigint[]) RETURNS integer
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    open_ones integer := 0;
    freed record;
BEGIN
    FOR freed IN
        WITH locked AS MATERIALIZED (
            SELECT r.id, r.state, n.confirmed, n.moved
            FROM unnest(resolved_ids, confirmed, moved) AS n (id, confirmed, moved)
            JOIN reservations r ON r.id = n.id
            ORDER BY r.id
            FOR NO KEY UPDATE OF r
        ), ended AS (
            UPDATE reservations r
            SET state = CASE WHEN l.confirmed THEN 'confirmed' ELSE 'released' END,
                counted = CASE WHEN l.confirmed THEN least(l.moved, r.amount) ELSE 0 END
            FROM locked l
            WHERE r.id = l.id AND l.state = 'reserved'
            RETURNING r.customer_id, r.currency, r.day, r.amount - r.counted AS amount
        ), returned AS (
            SELECT e.customer_id, e.currency, p.period,
                   CASE p.period WHEN 'day' THEN e.day ELSE date_trunc('month', e.day)::date END AS starts,
                   sum(e.amount)::bigint AS amount, count(*)::integer AS reservations
            FROM ended e
            CROSS JOIN (VALUES ('day'), ('month')) AS p (period)
            GROUP BY 1, 2, 3, 4
        )
        SELECT * FROM returned ORDER BY customer_id, currency COLLATE "C", period COLLATE "C", starts
    LOOP
        IF freed.period = 'day' THEN
            open_ones := open_ones + freed.reservations;
        END IF;
        IF freed.amount > 0 THEN
            UPDATE usage u SET used = u.used - freed.amount
            WHERE u.customer_id = freed.customer_id AND u.currency = freed.currency AND u.period = freed.period
                AND u.starts = freed.starts;
        END IF;
    END LOOP;
    RETURN open_ones;
END
$$;

GRANT SELECT ON limits TO waqiti_compliance;
GRANT SELECT, INSERT, UPDATE ON usage, reservations TO waqiti_compliance;
