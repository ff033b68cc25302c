-- The registry of models: artifacts that never change, which of them is the champion, and what each replica serves.

-- Every artifact that was ever registered. The same bytes are one row.
CREATE TABLE models (
    id            uuid        PRIMARY KEY,
    model         text        NOT NULL,
    version       text        NOT NULL,
    major         integer     NOT NULL CHECK (major >= 0),
    minor         integer     NOT NULL CHECK (minor >= 0),
    patch         integer     NOT NULL CHECK (patch >= 0),
    sha256        text        NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    artifact      bytea       NOT NULL CHECK (octet_length(artifact) BETWEEN 1 AND 8388608),
    fingerprint   text        NOT NULL,
    figures       json        NOT NULL,
    card          json        NOT NULL,
    source        text        NOT NULL CHECK (source IN ('shipped', 'trained')),
    registered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    registered_by text        NOT NULL,
    UNIQUE (model, version),
    UNIQUE (model, sha256),
    UNIQUE (model, major, minor, patch)
);

-- Who has been champion, since when, and why: each change raises the revision by one. Never changed.
CREATE TABLE champions (
    model    text        NOT NULL,
    revision bigint      NOT NULL CHECK (revision > 0),
    version  text        NOT NULL,
    since    timestamptz NOT NULL DEFAULT clock_timestamp(),
    by       text        NOT NULL,
    reason   text        NOT NULL,
    kind     text        NOT NULL CHECK (kind IN ('initial', 'promote', 'rollback')),
    gates    json        NOT NULL,
    forced   boolean     NOT NULL,
    PRIMARY KEY (model, revision),
    FOREIGN KEY (model, version) REFERENCES models (model, version)
);

-- How versions did beside each other on the same data; of those with the champion the one that
-- has the most frauds in it counts. Never changed.
CREATE TABLE comparisons (
    id               uuid        PRIMARY KEY,
    model            text        NOT NULL,
    version          text        NOT NULL,
    champion         text        NOT NULL,
    data             text        NOT NULL,
    figures          json        NOT NULL,
    champion_figures json        NOT NULL,
    compared_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    compared_by      text        NOT NULL,
    FOREIGN KEY (model, version) REFERENCES models (model, version),
    FOREIGN KEY (model, champion) REFERENCES models (model, version)
);

CREATE INDEX comparisons_newest ON comparisons (model, version, champion, id);

-- The models that there are, and the present champion of each. Whoever registers or changes it locks its row.
CREATE TABLE registry (
    model    text   PRIMARY KEY,
    revision bigint NOT NULL DEFAULT 0,
    version  text,
    FOREIGN KEY (model, version) REFERENCES models (model, version),
    CHECK ((revision = 0) = (version IS NULL))
);

INSERT INTO registry (model) VALUES ('fraud-detection');

-- What each process that scores serves; it says so every few seconds, so that nothing of it need outlive a crash.
CREATE UNLOGGED TABLE readers (
    id         uuid        PRIMARY KEY,
    model      text        NOT NULL,
    replica    text        NOT NULL,
    pid        integer     NOT NULL,
    serving    bigint,
    serving_at timestamptz,
    seen_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX readers_replica ON readers (replica);
CREATE INDEX readers_seen ON readers (seen_at);

GRANT SELECT, INSERT ON models, champions, comparisons TO waqiti_ml;
GRANT SELECT, UPDATE ON registry TO waqiti_ml;
GRANT SELECT, INSERT, UPDATE, DELETE ON readers TO waqiti_ml;
-- Whoever looks for what changed reads it without this service.
GRANT SELECT ON champions TO waqiti_ops;
