\set debit random(1, 10000)
\set credit random(1, 10000)
BEGIN;
UPDATE account SET balance = balance - 100 WHERE id = :debit AND balance >= 100;
UPDATE account SET balance = balance + 100 WHERE id = :credit;
INSERT INTO payment (debit, credit, amount) VALUES (:debit, :credit, 100) RETURNING id AS payment \gset
INSERT INTO entry (payment, account, amount) VALUES (:payment, :debit, -100), (:payment, :credit, 100);
INSERT INTO event (payment, body) VALUES (:payment, '{"type":"payment.captured","amount":100,"currency":"EUR"}');
COMMIT;
