-- The review queue, the verdicts that owners of movements are told, and what people found out about movements.

-- One row for each movement that was ever due for review; whoever changes its reviews holds it.
-- A round begins when something is due and nothing is open, and ends with a verdict or because nobody waits any more.
CREATE TABLE dossiers (
    subject_id uuid        PRIMARY KEY,
    due_at     timestamptz,
    over_at    timestamptz,
    round      integer     NOT NULL DEFAULT 0,
    subject    text        NOT NULL CHECK (subject IN ('payment', 'withdrawal')),
    fate       text        CHECK (fate IN ('approve', 'decline'))
);

CREATE TABLE reviews (
    id          uuid             PRIMARY KEY,
    subject_id  uuid             NOT NULL,
    from_wallet uuid             NOT NULL,
    to_wallet   uuid,
    amount      bigint           NOT NULL,
    opened_at   timestamptz      NOT NULL,
    decided_at  timestamptz,
    score       double precision,
    round       integer          NOT NULL,
    subject     text             NOT NULL CHECK (subject IN ('payment', 'withdrawal')),
    kind        text             NOT NULL CHECK (kind IN ('fraud', 'compliance', 'no_score')),
    status      text             NOT NULL CHECK (status IN ('open', 'approved', 'declined', 'closed')),
    currency    text             NOT NULL,
    reasons     json             NOT NULL,
    decided_by  text,
    reason      text             CHECK (char_length(reason) <= 500),
    label       text             CHECK (label IN ('legitimate', 'fraud', 'unsure')),
    CHECK ((status IN ('approved', 'declined')) = (decided_by IS NOT NULL)),
    CHECK ((status = 'open') = (decided_at IS NULL))
);

CREATE UNIQUE INDEX reviews_open ON reviews (subject_id, kind) WHERE status = 'open';
CREATE INDEX reviews_subject ON reviews (subject_id, id);
CREATE INDEX reviews_listed ON reviews (status, kind, id);
CREATE INDEX reviews_cleared ON reviews (subject_id) WHERE kind = 'fraud' AND status = 'approved';

-- What was decided in a round, until its owner has answered. Whoever tells it holds the lease, which dies by itself.
CREATE TABLE verdicts (
    subject_id   uuid        NOT NULL,
    round        integer     NOT NULL,
    attempts     integer     NOT NULL DEFAULT 0,
    decided_at   timestamptz NOT NULL,
    next_at      timestamptz NOT NULL,
    leased_until timestamptz,
    told_at      timestamptz,
    lease        uuid,
    subject      text        NOT NULL CHECK (subject IN ('payment', 'withdrawal')),
    state        text        NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'told', 'failed', 'superseded')),
    outcome      text        NOT NULL CHECK (outcome IN ('approve', 'decline')),
    approved     text[]      NOT NULL,
    declined     text,
    actor        text        NOT NULL,
    reason       text        NOT NULL,
    answer       text,
    PRIMARY KEY (subject_id, round)
);

CREATE INDEX verdicts_due ON verdicts (next_at) WHERE state = 'due';

-- What was found out about movements, by the review or dispute that it comes from; the newest counts.
CREATE TABLE labels (
    subject_id uuid        NOT NULL,
    origin     uuid        NOT NULL,
    at         timestamptz NOT NULL,
    source     text        NOT NULL CHECK (source IN ('review', 'dispute')),
    label      text        NOT NULL CHECK (label IN ('legitimate', 'fraud', 'unsure')),
    actor      text        NOT NULL,
    PRIMARY KEY (subject_id, origin)
);

CREATE INDEX labels_newest ON labels (subject_id, at, origin);

CREATE TABLE disputes (
    id         uuid        PRIMARY KEY,
    payment_id uuid        NOT NULL,
    at         timestamptz NOT NULL,
    kind       text        NOT NULL CHECK (kind IN ('wrongly_blocked', 'fraud', 'other')),
    status     text        NOT NULL CHECK (status IN ('open', 'won', 'lost'))
);

CREATE INDEX disputes_of_fraud ON disputes (payment_id) WHERE kind = 'fraud';

-- Finished minutes, by the time in the ids of their movements: how many the score approved. Counted again at count_at,
-- for movements are scored late where fraud-service was away.
CREATE TABLE scored_minutes (
    minute   timestamptz PRIMARY KEY,
    count_at timestamptz,
    approved bigint      NOT NULL
);

CREATE INDEX scored_minutes_due ON scored_minutes (count_at) WHERE count_at IS NOT NULL;

GRANT SELECT, INSERT, UPDATE ON dossiers, verdicts, disputes TO waqiti_fraud;
GRANT SELECT, INSERT ON reviews, labels TO waqiti_fraud;
GRANT UPDATE (status, decided_at, decided_by, reason, label, score, reasons) ON reviews TO waqiti_fraud;
GRANT SELECT, INSERT, UPDATE, DELETE ON scored_minutes, idempotency TO waqiti_fraud;

SELECT eventlog.grant_access('waqiti_fraud', 'waqiti_fraud_events');
