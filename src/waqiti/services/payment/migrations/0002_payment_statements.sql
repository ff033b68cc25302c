-- The two statements of the hot path, each one round trip and one commit.

-- Accepts payments: facts, states, then the events. A key that is known fails the whole with a unique violation.
CREATE FUNCTION accept_payments(
    new_ids uuid[], new_keys bytea[], new_bodies bytea[], new_from_wallets uuid[], new_to_wallets uuid[],
    new_from_accounts uuid[], new_to_accounts uuid[], new_from_customers uuid[], new_to_customers uuid[],
    new_amounts bigint[], new_fees bigint[], new_times timestamptz[], new_manual boolean[], new_currencies text[],
    new_creators text[], new_descriptions text[], new_metadata text[],
    slot_topics text[], slot_partitions integer[], slot_events integer[], event_slots integer[], event_places integer[],
    event_keys text[], event_types text[], event_subjects uuid[], event_data text[], event_traces text[]
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO payments (
        id, key_hash, body_hash, from_wallet, to_wallet, from_account, to_account, from_customer, to_customer, amount,
        fee, created_at, manual, currency, created_by, description, metadata
    )
    SELECT n.id, n.key, n.body, n.from_wallet, n.to_wallet, n.from_account, n.to_account, n.from_customer,
           n.to_customer, n.amount, n.fee, n.at, n.manual, n.currency, n.creator, n.description, n.metadata::json
    FROM unnest(
        new_ids, new_keys, new_bodies, new_from_wallets, new_to_wallets, new_from_accounts, new_to_accounts,
        new_from_customers, new_to_customers, new_amounts, new_fees, new_times, new_manual, new_currencies,
        new_creators, new_descriptions, new_metadata
    ) AS n (
        id, key, body, from_wallet, to_wallet, from_account, to_account, from_customer, to_customer, amount, fee, at,
        manual, currency, creator, description, metadata
    );
    INSERT INTO states (id, updated_at) SELECT n.id, n.at FROM unnest(new_ids, new_times) AS n (id, at);
    PERFORM eventlog.append(
        slot_topics, slot_partitions, slot_events, event_slots, event_places, event_keys, event_types, event_subjects,
        event_data, event_traces
    );
END
$$;

-- Settles payments that were waiting: the group's marks, the states, the clocks of what is held, then the events.
-- Where one of them waits no longer, or is not in the status that all are said to have (NULL says nothing), the whole
-- fails, and the caller looks closer. The plan may be made while the table
-- is empty: it must not settle on reading it whole.
CREATE FUNCTION settle_payments(
    mark_group text, mark_topic text, mark_partitions integer[], mark_epochs bigint[], mark_from bigint[],
    mark_to bigint[], old_status text,
    new_ids uuid[], new_statuses text[], new_captured bigint[], new_fees bigint[], new_failures text[],
    new_reviews text[], new_settlers uuid[], new_decisions text[], new_time timestamptz,
    clock_ids uuid[], clock_deadlines timestamptz[], clock_no_score boolean[], parked_ids uuid[],
    slot_topics text[], slot_partitions integer[], slot_events integer[], event_slots integer[], event_places integer[],
    event_keys text[], event_types text[], event_subjects uuid[], event_data text[], event_traces text[]
) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    moved integer;
BEGIN
    IF cardinality(mark_partitions) > 0 THEN
        PERFORM eventlog.mark(mark_group, mark_topic, mark_partitions, mark_epochs, mark_from, mark_to);
    END IF;
    UPDATE states s
    SET status = n.status, captured = n.captured, fee_captured = n.fee, failure_code = n.failure, review = n.review,
        settled_by = n.settler, decision = n.decision::json, updated_at = new_time, version = s.version + 1
    FROM unnest(
        new_ids, new_statuses, new_captured, new_fees, new_failures, new_reviews, new_settlers, new_decisions
    ) AS n (id, status, captured, fee, failure, review, settler, decision)
    WHERE s.id = n.id AND s.status IN ('created', 'screening') AND s.status = coalesce(old_status, s.status);
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved <> cardinality(new_ids) THEN
        RAISE EXCEPTION '% of % payments wait no longer', cardinality(new_ids) - moved, cardinality(new_ids)
            USING ERRCODE = 'WQ002';
    END IF;
    IF cardinality(clock_ids) > 0 THEN
        INSERT INTO clocks (payment_id, deadline_at, no_score)
        SELECT n.id, n.deadline, n.no_score
        FROM unnest(clock_ids, clock_deadlines, clock_no_score) AS n (id, deadline, no_score);
    END IF;
    IF cardinality(parked_ids) > 0 THEN
        DELETE FROM parked WHERE payment_id = ANY (parked_ids);
    END IF;
    PERFORM eventlog.append(
        slot_topics, slot_partitions, slot_events, event_slots, event_places, event_keys, event_types, event_subjects,
        event_data, event_traces
    );
END
$$;

SELECT eventlog.create_topic('payment-events');
SELECT eventlog.create_topic('payment-results');
SELECT eventlog.grant_access('waqiti_payments', 'waqiti_payments_events');

-- Facts are written once: the runtime role can neither change nor remove them.
GRANT SELECT, INSERT ON payments TO waqiti_payments;
GRANT SELECT, INSERT, UPDATE ON states, steps, refunds, sweeps TO waqiti_payments;
GRANT SELECT, INSERT, UPDATE, DELETE ON parked, clocks, idempotency TO waqiti_payments;
