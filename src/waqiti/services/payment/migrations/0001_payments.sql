-- Payments: the facts, written once; the state, which moves; and what hangs on a payment.

CREATE TABLE payments (
    id            uuid        PRIMARY KEY,
    key_hash      bytea       NOT NULL UNIQUE CHECK (octet_length(key_hash) = 32),
    body_hash     bytea       NOT NULL CHECK (octet_length(body_hash) = 32),
    from_wallet   uuid        NOT NULL,
    to_wallet     uuid        NOT NULL CHECK (to_wallet <> from_wallet),
    from_account  uuid        NOT NULL,
    to_account    uuid        NOT NULL,
    from_customer uuid        NOT NULL,
    to_customer   uuid        NOT NULL,
    amount        bigint      NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000000),
    fee           bigint      NOT NULL CHECK (fee BETWEEN 0 AND amount),
    created_at    timestamptz NOT NULL,
    manual        boolean     NOT NULL,
    currency      text        NOT NULL CHECK (char_length(currency) = 3),
    created_by    text        NOT NULL,
    description   text,
    metadata      json
);

CREATE INDEX payments_from_wallet ON payments (from_wallet, id);
CREATE INDEX payments_to_wallet ON payments (to_wallet, id);

-- Which status may follow which: the state table of the domain, to the letter.
CREATE FUNCTION payment_may_become(old_status text, new_status text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE old_status
        WHEN 'created' THEN new_status IN ('screening', 'in_review', 'declined', 'authorized', 'captured', 'failed')
        WHEN 'screening' THEN new_status IN ('in_review', 'declined', 'authorized', 'captured', 'failed')
        WHEN 'in_review' THEN new_status IN ('authorized', 'captured', 'declined', 'canceled', 'failed')
        WHEN 'authorized' THEN new_status IN ('captured', 'canceled', 'expired', 'failed')
        WHEN 'captured' THEN new_status IN ('partially_refunded', 'refunded')
        WHEN 'partially_refunded' THEN new_status IN ('partially_refunded', 'refunded')
        ELSE false
    END
$$;

-- Narrow, and half empty: an update stays in its page and touches no index, for nothing but the id is indexed.
CREATE TABLE states (
    id           uuid        PRIMARY KEY,
    captured     bigint      NOT NULL DEFAULT 0 CHECK (captured >= 0),
    refunded     bigint      NOT NULL DEFAULT 0 CHECK (refunded >= 0),
    reserved     bigint      NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    fee_captured bigint      NOT NULL DEFAULT 0 CHECK (fee_captured BETWEEN 0 AND captured),
    fee_shared   bigint      NOT NULL DEFAULT 0 CHECK (fee_shared BETWEEN 0 AND fee_captured),
    updated_at   timestamptz NOT NULL,
    version      integer     NOT NULL DEFAULT 1,
    steps        integer     NOT NULL DEFAULT 0,
    refunds      integer     NOT NULL DEFAULT 0,
    status       text        NOT NULL DEFAULT 'created' CHECK (
        status IN ('created', 'screening', 'in_review', 'declined', 'authorized', 'captured', 'partially_refunded',
                   'refunded', 'failed', 'canceled', 'expired')
    ),
    review       text        CHECK (review IN ('no_score', 'fraud', 'compliance')),
    failure_code text,
    settled_by   uuid,
    decision     json,
    CHECK (refunded + reserved <= captured)
) WITH (fillfactor = 40);

CREATE FUNCTION refuse_transition() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'payment % is %, and cannot become %', OLD.id, OLD.status, NEW.status
        USING ERRCODE = 'check_violation';
END
$$;

CREATE TRIGGER states_transition
BEFORE UPDATE ON states
FOR EACH ROW
WHEN (OLD.status <> NEW.status AND NOT payment_may_become(OLD.status, NEW.status))
EXECUTE FUNCTION refuse_transition();

-- Payments that wait for a service that is away, or (poison) could not be decided when they were asked about alone.
-- All that are 'screening' are here. Poison is not asked about before retry_at.
CREATE TABLE parked (
    payment_id uuid        PRIMARY KEY,
    parked_at  timestamptz NOT NULL,
    retry_at   timestamptz NOT NULL,
    reason     text        NOT NULL CHECK (reason IN ('away', 'poison'))
);

CREATE INDEX parked_poison ON parked (retry_at) WHERE reason = 'poison';

-- When a review or an authorization ends. Only payments whose money is held are here.
CREATE TABLE clocks (
    payment_id  uuid        PRIMARY KEY,
    deadline_at timestamptz NOT NULL,
    no_score    boolean     NOT NULL
);

CREATE INDEX clocks_deadline ON clocks (deadline_at);
CREATE INDEX clocks_no_score ON clocks (payment_id) WHERE no_score;

-- Captures, voids and expiries, stored before the ledger is asked; one at a time for each payment.
CREATE TABLE steps (
    id           uuid        PRIMARY KEY,
    payment_id   uuid        NOT NULL,
    number       integer     NOT NULL,
    amount       bigint      NOT NULL CHECK (amount > 0),
    created_at   timestamptz NOT NULL,
    kind         text        NOT NULL CHECK (kind IN ('capture', 'void', 'expire')),
    becomes      text        NOT NULL,
    failure_code text,
    status       text        NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'done', 'refused')),
    code         text,
    actor        text        NOT NULL,
    reason       text,
    UNIQUE (payment_id, number)
);

CREATE UNIQUE INDEX steps_pending ON steps (payment_id) WHERE status = 'pending';

CREATE TABLE refunds (
    id           uuid        PRIMARY KEY,
    payment_id   uuid        NOT NULL,
    number       integer     NOT NULL,
    amount       bigint      NOT NULL CHECK (amount > 0),
    share        bigint      NOT NULL CHECK (share >= 0),
    created_at   timestamptz NOT NULL,
    refund_fee   boolean     NOT NULL,
    status       text        NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'succeeded', 'failed')),
    failure_code text,
    reason       text,
    actor        text        NOT NULL,
    UNIQUE (payment_id, number)
);

CREATE INDEX refunds_pending ON refunds (created_at) WHERE status = 'pending';

-- How far the sweeper has looked, by id: ids rise with time.
CREATE TABLE sweeps (
    name text PRIMARY KEY,
    upto uuid NOT NULL
);
INSERT INTO sweeps (name, upto)
VALUES ('queued', '00000000-0000-0000-0000-000000000000'), ('late', '00000000-0000-0000-0000-000000000000');
