-- What operators ask under keys of their own.

GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency TO waqiti_ledger;
