-- Accounts, transfers, entries, holds. Money is counted in minor units; a credit is positive.
-- There are no foreign keys on transfers and entries: `waqiti ledger verify` proves what they would.

CREATE SCHEMA ledger;
GRANT USAGE ON SCHEMA ledger TO waqiti_ledger;

-- Updated by every batch; half-empty pages and no further index keep these updates in place.
CREATE TABLE ledger.accounts (
    id              uuid        PRIMARY KEY,
    posted_debits   bigint      NOT NULL DEFAULT 0 CHECK (posted_debits >= 0),
    posted_credits  bigint      NOT NULL DEFAULT 0 CHECK (posted_credits >= 0),
    pending_debits  bigint      NOT NULL DEFAULT 0 CHECK (pending_debits >= 0),
    pending_credits bigint      NOT NULL DEFAULT 0 CHECK (pending_credits >= 0),
    minimum         bigint,
    version         bigint      NOT NULL DEFAULT 0 CHECK (version >= 0),
    last_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    opened_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed          boolean     NOT NULL DEFAULT false,
    frozen          text        NOT NULL DEFAULT 'none' CHECK (frozen IN ('none', 'debits', 'all')),
    currency        text        NOT NULL CHECK (octet_length(currency) = 3),
    kind            text        NOT NULL CHECK (kind IN ('wallet', 'fees', 'rail', 'suspense', 'liquidity')),
    CONSTRAINT available_at_least_minimum
        CHECK (minimum IS NULL OR posted_credits - posted_debits - pending_debits >= minimum)
) WITH (fillfactor = 50);

-- The first outcome of every id, refusals included. Ids rise with time, so that ranges of ids are ranges of time.
CREATE TABLE ledger.transfers (
    id           uuid        PRIMARY KEY,
    debit        uuid        NOT NULL,
    credit       uuid        NOT NULL,
    amount       bigint      NOT NULL CHECK (amount >= 0),
    recorded_at  timestamptz NOT NULL,
    effective_at timestamptz,
    expires_at   timestamptz,
    target       uuid,
    currency     text        NOT NULL CHECK (octet_length(currency) = 3),
    kind         text        NOT NULL CHECK (kind IN ('post', 'hold', 'capture', 'void', 'expire', 'refuse')),
    outcome      text        NOT NULL
        CHECK (outcome IN ('posted', 'held', 'captured', 'voided', 'expired', 'refused')),
    purpose      text        NOT NULL,
    code         text,
    CONSTRAINT between_two_accounts CHECK (debit <> credit),
    CONSTRAINT refused_with_code CHECK ((outcome = 'refused') = (code IS NOT NULL)),
    CONSTRAINT moves_something CHECK (outcome = 'refused' OR amount > 0),
    CONSTRAINT effective_before_recorded CHECK (effective_at <= recorded_at)
) PARTITION BY RANGE (id);

-- Every change of an account, posted or pending, with what stood after it. The entry of the debited account is
-- negative, that of the credited one positive; releasing a hold is the reverse.
CREATE TABLE ledger.entries (
    transfer_id     uuid        NOT NULL,
    account_id      uuid        NOT NULL,
    version         bigint      NOT NULL CHECK (version > 0),
    posted_change   bigint      NOT NULL,
    pending_change  bigint      NOT NULL,
    posted          bigint      NOT NULL,
    pending_debits  bigint      NOT NULL CHECK (pending_debits >= 0),
    pending_credits bigint      NOT NULL CHECK (pending_credits >= 0),
    recorded_at     timestamptz NOT NULL,
    effective_at    timestamptz CHECK (effective_at <= recorded_at),
    currency        text        NOT NULL,
    CONSTRAINT changes_something CHECK (posted_change <> 0 OR pending_change <> 0)
) PARTITION BY RANGE (transfer_id);

-- Every hold that was made, and by which transfer it was resolved.
CREATE TABLE ledger.holds (
    id          uuid   PRIMARY KEY,
    debit       uuid   NOT NULL,
    credit      uuid   NOT NULL,
    amount      bigint NOT NULL CHECK (amount > 0),
    expires_at  timestamptz,
    resolved_by uuid,
    currency    text   NOT NULL,
    purpose     text   NOT NULL
) WITH (fillfactor = 70);

CREATE INDEX holds_open_by_expiry ON ledger.holds (expires_at) WHERE resolved_by IS NULL;

-- How much of a transfer has been given back.
CREATE TABLE ledger.refund_totals (
    target   uuid   PRIMARY KEY,
    moved    bigint NOT NULL CHECK (moved > 0),
    refunded bigint NOT NULL CHECK (refunded > 0),
    CONSTRAINT refunded_at_most_moved CHECK (refunded <= moved)
) WITH (fillfactor = 70);

-- Who froze, unfroze or closed an account, through which service, when and why.
CREATE TABLE ledger.flag_changes (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id uuid        NOT NULL,
    action     text        NOT NULL CHECK (action IN ('freeze', 'unfreeze', 'close')),
    scope      text        NOT NULL,
    service    text        NOT NULL,
    actor      text        NOT NULL,
    reason     text        NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX flag_changes_account ON ledger.flag_changes (account_id);

GRANT SELECT, INSERT ON ledger.transfers, ledger.entries, ledger.flag_changes TO waqiti_ledger;
GRANT SELECT, INSERT ON ledger.accounts, ledger.holds, ledger.refund_totals TO waqiti_ledger;
GRANT UPDATE (posted_debits, posted_credits, pending_debits, pending_credits, version, last_at, frozen, closed)
    ON ledger.accounts TO waqiti_ledger;
GRANT UPDATE (resolved_by) ON ledger.holds TO waqiti_ledger;
GRANT UPDATE (refunded) ON ledger.refund_totals TO waqiti_ledger;
