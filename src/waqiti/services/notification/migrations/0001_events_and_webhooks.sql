-- Events for the outside: one row per status of a payment that a client cares about. A test of an endpoint, which is
-- sent and never listed, is of type webhook.test; its subject is the endpoint. Nothing changes once it is here.
CREATE TABLE events (
    id         uuid        PRIMARY KEY,
    subject    uuid        NOT NULL,
    created_at timestamptz NOT NULL,
    type       text        NOT NULL,
    data       json        NOT NULL
);

-- The list, newest first, and the sweep of what is old. A payment's events are found by their ids, which share its
-- time bits.
CREATE INDEX events_newest ON events (created_at, id);

-- Secrets are encrypted by the service, with a key that the database never sees.
CREATE TABLE webhook_endpoints (
    id              uuid        PRIMARY KEY,
    created_at      timestamptz NOT NULL DEFAULT now(),
    url             text        NOT NULL CHECK (char_length(url) BETWEEN 1 AND 2000),
    description     text        CHECK (char_length(description) <= 500),
    events          text[]      NOT NULL CHECK (cardinality(events) > 0),
    status          text        NOT NULL DEFAULT 'enabled' CHECK (status IN ('enabled', 'disabled')),
    disabled_reason text,
    secret          bytea       NOT NULL,
    former_secret   bytea,
    former_until    timestamptz,
    -- Since when every attempt has failed, and when the last one did.
    failing_since   timestamptz,
    failed_at       timestamptz,
    CHECK ((status = 'disabled') = (disabled_reason IS NOT NULL)),
    CHECK ((former_secret IS NULL) = (former_until IS NULL))
);

-- One event on its way to one endpoint. Who sends it takes a lease, which moves next_at to where the lease ends.
CREATE TABLE deliveries (
    id          uuid        PRIMARY KEY,
    event_id    uuid        NOT NULL,
    endpoint_id uuid        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    next_at     timestamptz,
    lease       uuid,
    attempts    integer     NOT NULL DEFAULT 0,
    status      text        NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
    event_type  text        NOT NULL,
    CHECK ((status = 'pending') = (next_at IS NOT NULL)),
    CHECK (status = 'pending' OR lease IS NULL)
) WITH (fillfactor = 80);

CREATE INDEX deliveries_due ON deliveries (endpoint_id, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_of_endpoint ON deliveries (endpoint_id, status, id);
CREATE INDEX deliveries_of_event ON deliveries (event_id);

-- What came of each attempt: an answer with its first 1 KiB, or the code of what went wrong.
CREATE TABLE delivery_attempts (
    delivery_id uuid        NOT NULL,
    number      integer     NOT NULL,
    at          timestamptz NOT NULL,
    took_ms     integer     NOT NULL,
    status_code integer,
    error       text,
    answer      text,
    PRIMARY KEY (delivery_id, number)
);

-- Keeps a batch of events with their deliveries and moves the group's marks over it, all or nothing. An event that is
-- here already brings no delivery again.
CREATE FUNCTION keep_events(
    new_ids uuid[], new_subjects uuid[], new_times timestamptz[], new_types text[], new_data text[],
    delivery_ids uuid[], delivery_events uuid[], delivery_endpoints uuid[],
    mark_group text, mark_topic text, mark_partitions integer[], mark_epochs bigint[], mark_from bigint[],
    mark_to bigint[]
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    WITH kept AS (
        INSERT INTO events (id, subject, created_at, type, data)
        SELECT n.id, n.subject, n.created_at, n.type, n.data::json
        FROM unnest(new_ids, new_subjects, new_times, new_types, new_data) AS n (id, subject, created_at, type, data)
        ON CONFLICT (id) DO NOTHING
        RETURNING id, type
    )
    INSERT INTO deliveries (id, event_id, event_type, endpoint_id, next_at)
    SELECT n.id, n.event_id, k.type, n.endpoint_id, now()
    FROM unnest(delivery_ids, delivery_events, delivery_endpoints) AS n (id, event_id, endpoint_id)
    JOIN kept k ON k.id = n.event_id;
    PERFORM eventlog.mark(mark_group, mark_topic, mark_partitions, mark_epochs, mark_from, mark_to);
END
$$;

GRANT SELECT, INSERT, DELETE ON events, delivery_attempts TO waqiti_notification;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_endpoints, deliveries TO waqiti_notification;
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency TO waqiti_notification;

SELECT eventlog.grant_access('waqiti_notification', 'waqiti_notification_events');
