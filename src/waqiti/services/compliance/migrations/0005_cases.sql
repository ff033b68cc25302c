-- Customers who were found on a list, for people to decide about. A case is opened, and grows, in the transaction that
-- screens its customer, and under the lock of the customer's row.
CREATE TABLE cases (
    id           uuid        PRIMARY KEY,
    customer_id  uuid        NOT NULL,
    outcome      text        NOT NULL CHECK (outcome IN ('possible', 'confirmed')),
    status       text        NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'approved', 'declined')),
    list_version text        NOT NULL,
    matches      json        NOT NULL,
    opened_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    decided_at   timestamptz,
    decided_by   text,
    reason       text        CHECK (char_length(reason) BETWEEN 1 AND 500),
    CHECK ((status = 'open') = (decided_at IS NULL)),
    CHECK ((decided_at IS NULL) = (decided_by IS NULL) AND (decided_at IS NULL) = (reason IS NULL))
);

-- A customer has at most one open case, and none after one that was declined: that is for good.
CREATE UNIQUE INDEX cases_unresolved ON cases (customer_id) WHERE status <> 'approved';
CREATE INDEX cases_status ON cases (status, id);

-- Entries of lists that a customer is not, by an approved case: they are not found again.
CREATE TABLE clearances (
    customer_id uuid        NOT NULL,
    source      text        NOT NULL,
    reference   text        NOT NULL,
    case_id     uuid        NOT NULL,
    cleared_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (customer_id, source, reference)
);

GRANT SELECT, INSERT, UPDATE ON cases TO waqiti_compliance;
GRANT SELECT, INSERT ON clearances TO waqiti_compliance;

-- Whoever was found before there were cases is screened again, which opens theirs.
UPDATE customers SET screening_version = '' WHERE status <> 'active';
