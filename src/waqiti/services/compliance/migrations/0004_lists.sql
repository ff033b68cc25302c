-- Lists of names that were loaded; the one that ships is no row here. A version is a hash of its entries.
CREATE TABLE lists (
    source      text        NOT NULL,
    version     text        NOT NULL,
    loaded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    entry_count integer     NOT NULL CHECK (entry_count > 0),
    name_count  integer     NOT NULL CHECK (name_count >= entry_count),
    PRIMARY KEY (source, version)
);

CREATE TABLE list_entries (
    source    text    NOT NULL,
    version   text    NOT NULL,
    place     integer NOT NULL,
    reference text    NOT NULL,
    kind      text    NOT NULL CHECK (kind IN ('individual', 'entity', 'vessel', 'aircraft')),
    name      text    NOT NULL,
    aliases   text[]  NOT NULL,
    PRIMARY KEY (source, version, place)
);

-- Which version of each source is screened against.
CREATE TABLE lists_in_use (
    source  text        PRIMARY KEY,
    version text        NOT NULL,
    since   timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What each process screens against; it says so every two seconds.
CREATE TABLE list_readers (
    id      uuid        PRIMARY KEY,
    replica text        NOT NULL,
    role    text        NOT NULL,
    pid     integer     NOT NULL,
    version text        NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

GRANT SELECT, INSERT, UPDATE, DELETE ON lists, list_entries, lists_in_use, list_readers TO waqiti_compliance;
