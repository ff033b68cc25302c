-- Reservations are locked before counters, each in the order of their keys, by whoever reserves or resolves.

CREATE OR REPLACE FUNCTION reserve(
    counter_customers uuid[], counter_currencies text[], counter_periods text[], counter_starts date[],
    counter_amounts bigint[], counter_limits bigint[],
    new_ids uuid[], new_customers uuid[], new_amounts bigint[], new_balances bigint[], new_days date[],
    new_currencies text[], new_kinds text[], new_states text[], new_outcomes text[], new_refusals text[],
    new_reasons text[]
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    passed boolean;
BEGIN
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

CREATE OR REPLACE FUNCTION resolve_reservations(
    resolved_ids uuid[], confirmed boolean[], moved bigint[]
) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    open_ones integer := 0;
    freed record;
BEGIN
    FOR freed IN
        WITH locked AS (
            SELECT r.id, n.confirmed, n.moved
            FROM unnest(resolved_ids, confirmed, moved) AS n (id, confirmed, moved)
            JOIN reservations r ON r.id = n.id
            WHERE r.state = 'reserved'
            ORDER BY r.id
            FOR NO KEY UPDATE OF r
        ), ended AS (
            UPDATE reservations r
            SET state = CASE WHEN l.confirmed THEN 'confirmed' ELSE 'released' END,
                counted = CASE WHEN l.confirmed THEN least(l.moved, r.amount) ELSE 0 END
            FROM locked l
            WHERE r.id = l.id AND r.state = 'reserved'
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
