-- Wallets. Balance, status and who set it are the ledger account's, which has the wallet's id.

GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency TO waqiti_wallets;

CREATE TABLE wallets (
    id               uuid        PRIMARY KEY,
    customer_id      uuid        NOT NULL,
    currency         text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    opened_at        timestamptz,
    -- An account that could not be opened is left alone until then.
    retry_at         timestamptz,
    created_at       timestamptz NOT NULL,
    -- When it was unfrozen last.
    unfrozen_at      timestamptz,
    -- Until then the ledger may still carry out an unfreeze that was asked of it.
    unfreezing_until timestamptz
);

CREATE INDEX wallets_newest ON wallets (created_at DESC, id DESC);
CREATE INDEX wallets_of_customer ON wallets (customer_id, created_at DESC, id DESC);
-- Halves: the reconciler opens their accounts.
CREATE INDEX wallets_unopened ON wallets (created_at) WHERE opened_at IS NULL;

-- Customers who were found on a sanctions list: all that they have, and will have, is frozen.
CREATE TABLE customer_freezes (
    customer_id uuid        PRIMARY KEY,
    reason      text        NOT NULL,
    actor       text        NOT NULL,
    frozen_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- When the freeze was asked for last: whoever unfreezes tells by it whether that happened meanwhile.
    asked_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Since when what the customer opens is not frozen any more; each wallet stays so until an operator unfreezes it.
    lifted_at   timestamptz
);

CREATE FUNCTION keep_wallet() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.id, OLD.customer_id, OLD.currency, OLD.created_at)
        IS DISTINCT FROM (NEW.id, NEW.customer_id, NEW.currency, NEW.created_at)
        OR (OLD.opened_at IS NOT NULL AND OLD.opened_at IS DISTINCT FROM NEW.opened_at)
    THEN
        RAISE EXCEPTION 'wallet %: what never changes was to change', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER wallets_keep BEFORE UPDATE ON wallets FOR EACH ROW EXECUTE FUNCTION keep_wallet();

GRANT SELECT, INSERT, UPDATE ON wallets TO waqiti_wallets;
GRANT SELECT, INSERT, UPDATE ON customer_freezes TO waqiti_wallets;
