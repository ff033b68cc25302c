-- The books of the sandbox bank: the other side of the sandbox rail. Nothing but the rail reads or writes them.

CREATE SCHEMA sandbox_rail;

-- What an order is at an instant follows from its row: accepted before settles_at, then settled or failed, returned
-- from returns_at on.
CREATE TABLE sandbox_rail.orders (
    id         uuid        PRIMARY KEY,
    kind       text        NOT NULL,
    amount     bigint      NOT NULL CHECK (amount > 0),
    currency   text        NOT NULL,
    reference  text        NOT NULL UNIQUE,
    booked_at  timestamptz NOT NULL,
    settles_at timestamptz NOT NULL,
    fails      boolean     NOT NULL,
    returns_at timestamptz,
    CHECK (NOT fails OR returns_at IS NULL)
);

-- News for who gave the order, until they take it off the list.
CREATE TABLE sandbox_rail.notices (
    id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id uuid        NOT NULL,
    due_at   timestamptz NOT NULL
);

CREATE INDEX notices_due ON sandbox_rail.notices (due_at);

GRANT USAGE ON SCHEMA sandbox_rail TO waqiti_wallets;
GRANT SELECT, INSERT ON sandbox_rail.orders TO waqiti_wallets;
GRANT SELECT, INSERT, DELETE ON sandbox_rail.notices TO waqiti_wallets;
