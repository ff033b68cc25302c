-- Under which libraries a version passed its trial, in a process of its own. What failed is not kept: it is tried again.
CREATE TABLE trials (
    model    text        NOT NULL,
    version  text        NOT NULL,
    library  text        NOT NULL,
    tried_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (model, version, library),
    FOREIGN KEY (model, version) REFERENCES models (model, version)
);

GRANT SELECT, INSERT ON trials TO waqiti_ml;
