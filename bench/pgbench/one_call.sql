\set debit random(1, 10000)
\set credit random(1, 10000)
SELECT transfer(:debit, :credit, 100);
