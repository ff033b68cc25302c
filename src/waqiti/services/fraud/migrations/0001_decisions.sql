-- Decisions, and the history that they are made from. Ids only: customers and wallets belong to other services.

-- The first decision about each id; inserted once, never changed. Most have no reasons, and what the model was shown
-- is kept only of those that were not approved.
CREATE TABLE decisions (
    id            uuid             PRIMARY KEY,
    from_wallet   uuid             NOT NULL,
    to_wallet     uuid,
    from_customer uuid             NOT NULL,
    to_customer   uuid,
    amount        bigint           NOT NULL CHECK (amount > 0),
    created_at    timestamptz      NOT NULL,
    decided_at    timestamptz      NOT NULL DEFAULT now(),
    score         double precision NOT NULL CHECK (score BETWEEN 0 AND 1),
    currency      text             NOT NULL,
    kind          text             NOT NULL CHECK (kind IN ('payment', 'withdrawal', 'exchange')),
    outcome       text             NOT NULL CHECK (outcome IN ('approve', 'review', 'decline')),
    model_version text,
    reasons       json,
    features      json
);

-- What is remembered of a customer in one currency: CustomerState of waqiti.scoring, a MessagePack array; none where a
-- row was made to be locked. Whoever writes a state has read the version before it.
CREATE TABLE parties (
    customer_id uuid   NOT NULL,
    version     bigint NOT NULL,
    currency    text   NOT NULL,
    state       bytea,
    PRIMARY KEY (customer_id, currency)
) WITH (fillfactor = 50);

-- What is remembered of a payer and a payee: PairState. The payer's version guards it.
CREATE TABLE pairs (
    payer    uuid  NOT NULL,
    payee    uuid  NOT NULL,
    currency text  NOT NULL,
    state    bytea NOT NULL,
    PRIMARY KEY (payer, payee, currency)
) WITH (fillfactor = 70);

-- Undoes the statement that wrote fewer rows than it meant to. A serialization failure says: read again. The commit
-- waits for no disk: what follows from a decision is a later commit of the ledger's on the same server, and that one is
-- not durable before this one is.
CREATE FUNCTION all_written(written bigint, meant integer) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF written <> meant THEN
        RAISE EXCEPTION '% of % states are no longer those that were read', meant - written, meant
            USING ERRCODE = 'serialization_failure';
    END IF;
    PERFORM set_config('synchronous_commit', 'off', true);
    RETURN true;
END
$$;

-- What was unusual about a payment; few, so that the parties of a rule's window can be counted one by one.
CREATE TABLE signals (
    payment_id uuid        NOT NULL,
    payer      uuid        NOT NULL,
    payee      uuid,
    amount     bigint      NOT NULL,
    at         timestamptz NOT NULL,
    kind       text        NOT NULL CHECK (kind IN ('outsized', 'near_threshold', 'declined')),
    currency   text        NOT NULL,
    PRIMARY KEY (payment_id, kind)
);

-- Signals are read by party and kind, the newest first, and forgotten when no rule can ask for them any more.
CREATE INDEX signals_sent ON signals (payer, currency, at) WHERE kind <> 'declined';
CREATE INDEX signals_received ON signals (payee, currency, kind, at) WHERE kind <> 'near_threshold';
CREATE INDEX signals_oldest ON signals (at);

GRANT SELECT, INSERT ON decisions TO waqiti_fraud;
GRANT SELECT, INSERT, DELETE ON signals TO waqiti_fraud;
GRANT SELECT, INSERT, UPDATE ON parties, pairs TO waqiti_fraud;
