-- Requests by key, kept for 7 days. A service's own migration grants SELECT, INSERT, UPDATE, DELETE to its runtime role.

CREATE TABLE idempotency (
    scope_hash  bytea       NOT NULL CHECK (octet_length(scope_hash) = 32),
    key         text        NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    body_hash   bytea       NOT NULL CHECK (octet_length(body_hash) = 32),
    resource_id uuid        NOT NULL,
    status      integer     CHECK (status BETWEEN 200 AND 499),
    body        bytea,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope_hash, key),
    CHECK ((status IS NULL) = (body IS NULL))
);

-- Rows arrive in the order of their time: block ranges are enough to find the old ones.
CREATE INDEX idempotency_created_at ON idempotency USING brin (created_at);

-- Takes the request's lock until the end of the transaction, then keeps the key with a new id or finds what is kept.
-- The row is read in a statement of its own, after the lock was gained, so that it shows what the last holder left.
CREATE FUNCTION begin_request(
    request_lock bigint, request_scope bytea, request_key text, request_body bytea, new_id uuid,
    OUT in_flight boolean, OUT fresh boolean, OUT same_body boolean, OUT resource_id uuid, OUT status integer,
    OUT body bytea
)
LANGUAGE plpgsql AS $$
BEGIN
    in_flight := NOT pg_try_advisory_xact_lock(request_lock);
    IF in_flight THEN
        RETURN;
    END IF;
    INSERT INTO idempotency AS i (scope_hash, key, body_hash, resource_id)
    VALUES (request_scope, request_key, request_body, new_id)
    ON CONFLICT DO NOTHING;
    fresh := FOUND;
    SELECT i.body_hash = request_body, i.resource_id, i.status, i.body
    INTO STRICT same_body, resource_id, status, body
    FROM idempotency i
    WHERE i.scope_hash = request_scope AND i.key = request_key;
END
$$;
