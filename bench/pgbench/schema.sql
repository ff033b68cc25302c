-- The yardstick's tables: the least that a payment can write.
CREATE TABLE account (
    id bigint PRIMARY KEY,
    balance bigint NOT NULL
) WITH (fillfactor = 70);
CREATE TABLE payment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    debit bigint NOT NULL,
    credit bigint NOT NULL,
    amount bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payment bigint NOT NULL,
    account bigint NOT NULL,
    amount bigint NOT NULL
);
CREATE TABLE event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payment bigint NOT NULL,
    body text NOT NULL
);
INSERT INTO account SELECT n, 1000000000 FROM generate_series(1, 10000) AS n;

CREATE FUNCTION transfer(debit_account bigint, credit_account bigint, moved bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF debit_account < credit_account THEN
        UPDATE account SET balance = balance - moved WHERE id = debit_account;
        UPDATE account SET balance = balance + moved WHERE id = credit_account;
    ELSE
        UPDATE account SET balance = balance + moved WHERE id = credit_account;
        UPDATE account SET balance = balance - moved WHERE id = debit_account;
    END IF;
    INSERT INTO payment (debit, credit, amount) VALUES (debit_account, credit_account, moved);
END;
$$;
VACUUM ANALYZE account;
