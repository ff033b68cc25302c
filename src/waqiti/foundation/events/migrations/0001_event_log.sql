-- The event log: topics of this database's service, and what its own consumers keep about the topics of others.

CREATE SCHEMA eventlog;

CREATE TABLE eventlog.topics (
    topic      text COLLATE "C" PRIMARY KEY CHECK (topic <> '' AND octet_length(topic) <= 54),
    partitions integer          NOT NULL CHECK (partitions BETWEEN 1 AND 1024),
    created_at timestamptz      NOT NULL DEFAULT clock_timestamp()
);

-- Updated by every append; nearly empty pages keep these updates in place.
CREATE TABLE eventlog.partitions (
    topic       text COLLATE "C" NOT NULL,
    partition   integer          NOT NULL CHECK (partition >= 0),
    next_offset bigint           NOT NULL DEFAULT 0 CHECK (next_offset >= 0),
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 10);

CREATE TABLE eventlog.events (
    topic       text COLLATE "C" NOT NULL,
    partition   integer          NOT NULL,
    "offset"    bigint           NOT NULL,
    subject     uuid             NOT NULL,
    recorded_at timestamptz      NOT NULL,
    key         text             NOT NULL,
    type        text             NOT NULL,
    data        json             NOT NULL,
    trace       text,
    PRIMARY KEY (topic, partition, "offset")
);

CREATE INDEX events_subject ON eventlog.events (subject);

-- What each consumer group has committed, written by the group's members from their own databases, for lag.
CREATE TABLE eventlog.group_offsets (
    group_name text COLLATE "C" NOT NULL,
    topic      text COLLATE "C" NOT NULL,
    partition  integer          NOT NULL,
    epoch      bigint           NOT NULL,
    "offset"   bigint           NOT NULL,
    updated_at timestamptz      NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (group_name, topic, partition)
) WITH (fillfactor = 50);

-- The consumer's side: high-water marks, committed together with the effects.
CREATE TABLE eventlog.marks (
    group_name text COLLATE "C" NOT NULL,
    topic      text COLLATE "C" NOT NULL,
    partition  integer          NOT NULL,
    epoch      bigint           NOT NULL,
    "offset"   bigint           NOT NULL CHECK ("offset" >= 0),
    PRIMARY KEY (group_name, topic, partition)
) WITH (fillfactor = 10);

CREATE TABLE eventlog.dead_letters (
    group_name  text COLLATE "C" NOT NULL,
    topic       text COLLATE "C" NOT NULL,
    partition   integer          NOT NULL,
    "offset"    bigint           NOT NULL,
    subject     uuid             NOT NULL,
    recorded_at timestamptz      NOT NULL,
    key         text             NOT NULL,
    type        text             NOT NULL,
    data        json             NOT NULL,
    trace       text,
    error       text             NOT NULL,
    dead_at     timestamptz      NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (group_name, topic, partition, "offset")
);

CREATE FUNCTION eventlog.create_topic(new_topic text, partition_count integer DEFAULT 16) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO eventlog.topics (topic, partitions) VALUES (new_topic, partition_count);
    INSERT INTO eventlog.partitions (topic, partition) SELECT new_topic, generate_series(0, partition_count - 1);
$$;

-- Appends events, given as columns, and takes their offsets under the rows of the partitions that they touch, locked
-- in order. The locks last until commit, so this is the last statement of its transaction.
CREATE FUNCTION eventlog.append(
    event_topics text[], event_hashes bigint[], event_keys text[], event_types text[], event_subjects uuid[],
    event_data text[], event_traces text[]
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    wanted CONSTANT integer := cardinality(event_topics);
    written integer;
BEGIN
    IF wanted = 1 THEN
        WITH moved AS (
            UPDATE eventlog.partitions p SET next_offset = p.next_offset + 1
            FROM eventlog.topics t
            WHERE t.topic = event_topics[1] AND p.topic = t.topic AND p.partition = event_hashes[1] % t.partitions
            RETURNING p.topic, p.partition, p.next_offset - 1 AS "offset"
        )
        INSERT INTO eventlog.events (topic, partition, "offset", subject, recorded_at, key, type, data, trace)
        SELECT m.topic, m.partition, m."offset", event_subjects[1], clock_timestamp(), event_keys[1], event_types[1],
               event_data[1]::json, event_traces[1]
        FROM moved m;
    ELSE
        PERFORM 1
        FROM eventlog.partitions p
        WHERE (p.topic, p.partition) IN (
            SELECT t.topic, (n.hash % t.partitions)::integer
            FROM unnest(event_topics, event_hashes) AS n (topic, hash)
            JOIN eventlog.topics t ON t.topic = n.topic
        )
        ORDER BY p.topic, p.partition
        FOR NO KEY UPDATE;

        WITH new AS MATERIALIZED (
            SELECT t.topic, (n.hash % t.partitions)::integer AS partition, n.key, n.type, n.subject, n.data, n.trace,
                   row_number() OVER (PARTITION BY t.topic, n.hash % t.partitions ORDER BY n.ordinal) AS place
            FROM unnest(event_topics, event_hashes, event_keys, event_types, event_subjects, event_data, event_traces)
                 WITH ORDINALITY AS n (topic, hash, key, type, subject, data, trace, ordinal)
            JOIN eventlog.topics t ON t.topic = n.topic
        ), moved AS (
            UPDATE eventlog.partitions p SET next_offset = p.next_offset + c.events
            FROM (SELECT topic, partition, count(*) AS events FROM new GROUP BY topic, partition) c
            WHERE p.topic = c.topic AND p.partition = c.partition
            RETURNING p.topic, p.partition, p.next_offset - c.events - 1 AS before
        )
        INSERT INTO eventlog.events (topic, partition, "offset", subject, recorded_at, key, type, data, trace)
        SELECT n.topic, n.partition, m.before + n.place, n.subject, clock_timestamp(), n.key, n.type, n.data::json,
               n.trace
        FROM new n
        JOIN moved m ON m.topic = n.topic AND m.partition = n.partition;
    END IF;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written <> wanted THEN
        RAISE EXCEPTION 'an event names a topic that does not exist' USING ERRCODE = 'WQ001';
    END IF;
END
$$;

-- Moves a group's marks from what a batch began after to where it ends, in the transaction of its effects. Refuses
-- where another owner has taken a partition over, or a batch before this one has not been marked.
CREATE FUNCTION eventlog.mark(
    mark_group text, mark_topic text, mark_partitions integer[], mark_epochs bigint[], mark_from bigint[],
    mark_to bigint[]
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    moved integer;
BEGIN
    UPDATE eventlog.marks m SET "offset" = s.until
    FROM unnest(mark_partitions, mark_epochs, mark_from, mark_to) AS s (partition, epoch, since, until)
    WHERE m.group_name = mark_group AND m.topic = mark_topic AND m.partition = s.partition
        AND m.epoch = s.epoch AND m."offset" = s.since;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved <> cardinality(mark_partitions) THEN
        RAISE EXCEPTION 'group % does not own what it marks in %', mark_group, mark_topic USING ERRCODE = 'WQ002';
    END IF;
END
$$;

-- Called by each service's own migration: its runtime role writes and reads, its readers read and write offsets.
CREATE FUNCTION eventlog.grant_access(runtime text, readers text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA eventlog TO %I, %I', runtime, readers);
    EXECUTE format('GRANT SELECT ON eventlog.topics, eventlog.partitions, eventlog.events TO %I, %I', runtime, readers);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON eventlog.group_offsets TO %I, %I', runtime, readers);
    EXECUTE format('GRANT UPDATE ON eventlog.partitions TO %I', runtime);
    EXECUTE format('GRANT INSERT ON eventlog.events TO %I', runtime);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON eventlog.marks TO %I', runtime);
    EXECUTE format('GRANT SELECT, INSERT ON eventlog.dead_letters TO %I', runtime);
END
$$;

REVOKE ALL ON FUNCTION eventlog.create_topic(text, integer), eventlog.grant_access(text, text) FROM PUBLIC;
