-- Disputes: somebody says that a payment went wrong. One of each kind may be open about a payment.

CREATE TABLE disputes (
    id          uuid        PRIMARY KEY,
    payment_id  uuid        NOT NULL,
    opened_at   timestamptz NOT NULL,
    resolved_at timestamptz,
    kind        text        NOT NULL CHECK (kind IN ('wrongly_blocked', 'fraud', 'other')),
    status      text        NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'won', 'lost')),
    opened_by   text        NOT NULL,
    resolved_by text,
    detail      text        NOT NULL,
    reason      text,
    CHECK (num_nulls(resolved_at, resolved_by, reason) = CASE status WHEN 'open' THEN 3 ELSE 0 END)
);

CREATE UNIQUE INDEX disputes_open ON disputes (payment_id, kind) WHERE status = 'open';
CREATE INDEX disputes_payment ON disputes (payment_id, id);
CREATE INDEX disputes_status ON disputes (status, id);

-- What was said is written once; only what came of it is added.
GRANT SELECT, INSERT, UPDATE (status, resolved_at, resolved_by, reason) ON disputes TO waqiti_payments;
