-- Movements that are counted as fraud in what is remembered of their parties: once, however many labels say so.
CREATE TABLE known_frauds (
    movement_id uuid        PRIMARY KEY,
    at          timestamptz NOT NULL
);

GRANT SELECT, INSERT ON known_frauds TO waqiti_fraud;
