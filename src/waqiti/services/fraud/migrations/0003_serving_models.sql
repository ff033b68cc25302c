-- The last artifact that was served: what a replica starts with while ml-service is away.
CREATE TABLE serving_models (
    model     text        PRIMARY KEY,
    revision  bigint      NOT NULL CHECK (revision > 0),
    version   text        NOT NULL,
    sha256    text        NOT NULL,
    since     timestamptz NOT NULL,
    artifact  bytea       NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

GRANT SELECT, INSERT, UPDATE ON serving_models TO waqiti_fraud;
