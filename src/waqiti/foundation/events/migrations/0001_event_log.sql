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

-- Appends events, given as columns, and takes their offsets from the rows of the partitions that they touch (slots: in
-- order, each once, with the number of its events). An event names its slot, counted from 1, and its place in it, from
-- 0. The rows stay locked until commit, so this is the last statement of its transaction.
CREATE FUNCTION eventlog.append(
    slot_topics text[], slot_partitions integer[], slot_events integer[], event_slots integer[], event_places integer[],
    event_keys text[], event_types text[], event_subjects uuid[], event_data text[], event_traces text[]
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    firsts bigint[];
    after bigint;
    slot integer;
BEGIN
    FOR slot IN 1..cardinality(slot_topics) LOOP
        UPDATE eventlog.partitions SET next_offset = next_offset + slot_events[slot]
        WHERE topic = slot_topics[slot] AND partition = slot_partitions[slot]
        RETURNING next_offset INTO STRICT after;
        firsts[slot] := after - slot_events[slot];
    END LOOP;
    INSERT INTO eventlog.events (topic, partition, "offset", subject, recorded_at, key, type, data, trace)
    SELECT slot_topics[n.slot], slot_partitions[n.slot], firsts[n.slot] + n.place, n.subject, clock_timestamp(), n.key,
           n.type, n.data::json, n.trace
    FROM unnest(event_slots, event_places, event_keys, event_types, event_subjects, event_data, event_traces)
         AS n (slot, place, key, type, subject, data, trace);
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
        RAISE EXCEPTION 'group % does not own what it marks in %', mark_group, mark_topic USING ERRCODE = 'WQ001';
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
