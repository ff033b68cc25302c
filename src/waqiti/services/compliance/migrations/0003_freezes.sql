-- Customers who were found on a list, until wallet-service has frozen all that they have. Whoever blocks a customer
-- asks for it in the same transaction.
CREATE TABLE freezes (
    customer_id uuid        PRIMARY KEY,
    asked_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    next_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    frozen_at   timestamptz,
    attempts    integer     NOT NULL DEFAULT 0
);

CREATE INDEX freezes_due ON freezes (next_at) WHERE frozen_at IS NULL;

GRANT SELECT, INSERT, UPDATE ON freezes TO waqiti_compliance;
