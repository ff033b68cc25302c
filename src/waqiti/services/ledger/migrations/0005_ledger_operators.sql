-- What operators ask under keys of their own.

GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency TO waqiti_ledger;

-- Manual entries: proposed by one operator, decided by another. The id is that of the transfer, too.
CREATE TABLE ledger.journal (
    id              uuid        PRIMARY KEY,
    debit           uuid        NOT NULL,
    credit          uuid        NOT NULL,
    amount          bigint      NOT NULL CHECK (amount > 0),
    effective_at    timestamptz,
    reverses        uuid,
    proposed_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    decided_at      timestamptz,
    currency        text        NOT NULL CHECK (octet_length(currency) = 3),
    status          text        NOT NULL DEFAULT 'proposed'
        CHECK (status IN ('proposed', 'posted', 'refused', 'declined')),
    code            text,
    proposed_by     text        NOT NULL,
    reason          text        NOT NULL,
    decided_by      text,
    decision_reason text,
    CONSTRAINT between_two_accounts CHECK (debit <> credit),
    CONSTRAINT decided_with_reason CHECK (
        num_nulls(decided_at, decided_by, decision_reason) = CASE status WHEN 'proposed' THEN 3 ELSE 0 END
    ),
    CONSTRAINT approved_by_another CHECK (status NOT IN ('posted', 'refused') OR decided_by <> proposed_by),
    CONSTRAINT refused_with_code CHECK ((status = 'refused') = (code IS NOT NULL))
);

CREATE UNIQUE INDEX journal_reversed_once ON ledger.journal (reverses) WHERE status IN ('proposed', 'posted');
CREATE INDEX journal_status ON ledger.journal (status, id);

CREATE FUNCTION ledger.check_journal() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'proposed'
        OR (NEW.id, NEW.debit, NEW.credit, NEW.amount, NEW.currency, NEW.effective_at, NEW.reverses, NEW.proposed_at,
            NEW.proposed_by, NEW.reason)
        IS DISTINCT FROM (OLD.id, OLD.debit, OLD.credit, OLD.amount, OLD.currency, OLD.effective_at, OLD.reverses,
            OLD.proposed_at, OLD.proposed_by, OLD.reason)
    THEN
        RAISE EXCEPTION 'journal entry % stays as it is', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER decided_once BEFORE UPDATE ON ledger.journal FOR EACH ROW EXECUTE FUNCTION ledger.check_journal();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON ledger.journal
FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

GRANT SELECT, INSERT ON ledger.journal TO waqiti_ledger;
GRANT UPDATE (status, code, decided_at, decided_by, decision_reason) ON ledger.journal TO waqiti_ledger;
