-- Customers: the one place of personal data on the platform.

CREATE TABLE customers (
    id                uuid        PRIMARY KEY,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    date_of_birth     date,
    tier              text        NOT NULL DEFAULT 'basic' CHECK (tier IN ('basic', 'standard', 'enhanced')),
    status            text        NOT NULL CHECK (status IN ('active', 'in_review', 'blocked')),
    screening_version text        NOT NULL,
    name              text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    country           text        NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    email             text        CHECK (char_length(email) <= 254)
);

-- Every screening of a customer, with the references of what was found, not the names.
CREATE TABLE screenings (
    customer_id  uuid        NOT NULL,
    screened_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    list_version text        NOT NULL,
    outcome      text        NOT NULL CHECK (outcome IN ('clear', 'possible', 'confirmed')),
    found        text[]      NOT NULL DEFAULT '{}',
    PRIMARY KEY (customer_id, screened_at)
);

-- Who gave a customer which tier, on what grounds.
CREATE TABLE verifications (
    id          uuid        PRIMARY KEY,
    customer_id uuid        NOT NULL,
    verified_at timestamptz NOT NULL DEFAULT now(),
    tier_before text        NOT NULL,
    tier        text        NOT NULL,
    verified_by text        NOT NULL,
    documents   json        NOT NULL
);

CREATE INDEX verifications_customer ON verifications (customer_id, verified_at);

GRANT SELECT, INSERT, UPDATE ON customers TO waqiti_compliance;
GRANT SELECT, INSERT ON screenings, verifications TO waqiti_compliance;
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency TO waqiti_compliance;

SELECT eventlog.grant_access('waqiti_compliance', 'waqiti_compliance_events');
