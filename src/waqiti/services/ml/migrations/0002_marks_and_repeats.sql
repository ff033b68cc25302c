-- Revisions begin anew with a registry; with the hash of what is served they say which champion is meant.
ALTER TABLE readers ADD COLUMN serving_sha256 text;

-- The same figures of the same versions are one comparison, however often they are sent; when and by whom it was made
-- last is all that may change of it. The table is small, for people write to it.
-- squawk-ignore require-concurrent-index-creation
CREATE UNIQUE INDEX comparisons_once
    ON comparisons (model, version, champion, md5(data || E'\n' || figures::text || champion_figures::text));

GRANT UPDATE (id, compared_at, compared_by) ON comparisons TO waqiti_ml;
