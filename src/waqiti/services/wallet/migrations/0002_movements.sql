-- Deposits and withdrawals, and the log of their transitions.

CREATE TABLE movements (
    id             uuid        PRIMARY KEY,
    kind           text        NOT NULL CHECK (kind IN ('deposit', 'withdrawal')),
    wallet_id      uuid        NOT NULL,
    customer_id    uuid        NOT NULL,
    amount         bigint      NOT NULL CHECK (amount BETWEEN 1 AND 1000000000000000),
    currency       text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    rail           text        NOT NULL,
    reference      text,
    status         text        NOT NULL DEFAULT 'pending'
                   CHECK (status IN ('pending', 'screening', 'in_review', 'settled', 'declined', 'failed', 'returned')),
    step           text        NOT NULL
                   CHECK (step IN ('screen', 'file', 'review', 'release', 'rail', 'arrived', 'resolve', 'done')),
    failure_code   text,
    failure_detail text,
    rail_reference text,
    -- Why a withdrawal waits for people, all reasons at once, and what they said, until it was acted upon.
    review         json,
    verdict        json,
    capture_round  integer     NOT NULL DEFAULT 0,
    attempts       integer     NOT NULL DEFAULT 0,
    -- When to go on; null: not by itself. Who goes on takes a lease first, which ends by itself.
    next_at        timestamptz,
    lease          uuid,
    leased_until   timestamptz,
    created_at     timestamptz NOT NULL,
    changed_at     timestamptz NOT NULL,
    UNIQUE (rail, rail_reference),
    CHECK ((failure_code IS NULL) = (failure_detail IS NULL)),
    CHECK (step NOT IN ('file', 'review') OR review IS NOT NULL),
    CHECK ((lease IS NULL) = (leased_until IS NULL)),
    -- Money that came in, or went out and stayed there, was booked by the rail under a reference.
    CHECK (status NOT IN ('settled', 'returned') OR rail_reference IS NOT NULL),
    CHECK (status NOT IN ('declined', 'failed', 'returned') OR failure_code IS NOT NULL)
);

CREATE INDEX movements_due ON movements (next_at) WHERE next_at IS NOT NULL;
-- Nothing may be open where a wallet closes.
CREATE INDEX movements_open_of_wallet ON movements (wallet_id)
    WHERE status IN ('pending', 'screening', 'in_review');

CREATE TABLE movement_transitions (
    movement_id uuid        NOT NULL,
    number      bigint      GENERATED ALWAYS AS IDENTITY,
    at          timestamptz NOT NULL,
    before      text,
    after       text        NOT NULL,
    actor       text        NOT NULL,
    reason      text        NOT NULL,
    PRIMARY KEY (movement_id, number)
);

-- The state table; the code holds the same one.
CREATE FUNCTION movement_may_go(movement_kind text, before text, after text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT before = after OR (movement_kind, before, after) IN (
        ('deposit', 'pending', 'screening'),
        ('deposit', 'pending', 'settled'),
        ('deposit', 'pending', 'declined'),
        ('deposit', 'pending', 'failed'),
        ('deposit', 'screening', 'settled'),
        ('deposit', 'screening', 'declined'),
        ('deposit', 'screening', 'failed'),
        ('withdrawal', 'pending', 'screening'),
        ('withdrawal', 'pending', 'in_review'),
        ('withdrawal', 'pending', 'settled'),
        ('withdrawal', 'pending', 'declined'),
        ('withdrawal', 'pending', 'failed'),
        ('withdrawal', 'screening', 'pending'),
        ('withdrawal', 'screening', 'in_review'),
        ('withdrawal', 'screening', 'declined'),
        ('withdrawal', 'screening', 'failed'),
        ('withdrawal', 'in_review', 'pending'),
        ('withdrawal', 'in_review', 'declined'),
        ('withdrawal', 'in_review', 'failed'),
        ('withdrawal', 'settled', 'returned')
    )
$$;

CREATE FUNCTION keep_movement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.id, OLD.kind, OLD.wallet_id, OLD.customer_id, OLD.amount, OLD.currency, OLD.rail, OLD.reference,
        OLD.created_at) IS DISTINCT FROM
       (NEW.id, NEW.kind, NEW.wallet_id, NEW.customer_id, NEW.amount, NEW.currency, NEW.rail, NEW.reference,
        NEW.created_at)
       OR (OLD.rail_reference IS NOT NULL AND OLD.rail_reference IS DISTINCT FROM NEW.rail_reference)
    THEN
        RAISE EXCEPTION 'movement %: what never changes was to change', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF NOT movement_may_go(OLD.kind, OLD.status, NEW.status) THEN
        RAISE EXCEPTION 'movement %: % may not follow %', OLD.id, NEW.status, OLD.status
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER movements_keep BEFORE UPDATE ON movements FOR EACH ROW EXECUTE FUNCTION keep_movement();

GRANT SELECT, INSERT, UPDATE ON movements TO waqiti_wallets;
GRANT SELECT, INSERT ON movement_transitions TO waqiti_wallets;
