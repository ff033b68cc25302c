-- Decisions, and the history that they are made from. Ids only: customers and wallets belong to other services.

-- The first decision about each id; inserted once, never changed. Most have no reasons.
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
    reasons       json
);

-- What a payer has sent in one currency, folded over the present period of 30 days and the one before.
CREATE TABLE profiles (
    customer_id       uuid    NOT NULL,
    period            integer NOT NULL,
    payments          integer NOT NULL CHECK (payments > 0),
    days              integer NOT NULL CHECK (days > 0),
    log_total         bigint  NOT NULL,
    largest           bigint  NOT NULL,
    earlier_log_total bigint  NOT NULL DEFAULT 0,
    earlier_largest   bigint  NOT NULL DEFAULT 0,
    earlier_payments  integer NOT NULL DEFAULT 0,
    earlier_days      integer NOT NULL DEFAULT 0,
    last_day          date    NOT NULL,
    earlier_last_day  date    NOT NULL DEFAULT '0001-01-01',
    currency          text    NOT NULL,
    PRIMARY KEY (customer_id, currency)
) WITH (fillfactor = 50);

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

CREATE INDEX signals_payer ON signals (payer, at);
CREATE INDEX signals_payee ON signals (payee, at);

GRANT SELECT, INSERT ON decisions, signals TO waqiti_fraud;
GRANT SELECT, INSERT, UPDATE ON profiles TO waqiti_fraud;
