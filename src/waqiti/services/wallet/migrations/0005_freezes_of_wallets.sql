-- Each wallet of a customer who was frozen stays so until an operator unfreezes it, also when the first one was.
ALTER TABLE customer_freezes
    -- When the freeze was asked for last: whoever unfreezes tells by it whether that happened meanwhile.
    ADD COLUMN asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Since when what the customer opens is not frozen any more.
    ADD COLUMN lifted_at timestamptz;
REVOKE DELETE ON customer_freezes FROM waqiti_wallets;
GRANT UPDATE ON customer_freezes TO waqiti_wallets;

ALTER TABLE wallets
    -- When it was unfrozen last.
    ADD COLUMN unfrozen_at timestamptz,
    -- Until then the ledger may still carry out an unfreeze that was asked of it.
    ADD COLUMN unfreezing_until timestamptz;
