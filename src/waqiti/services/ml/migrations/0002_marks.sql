-- Revisions begin anew with a registry; with the hash of what is served they say which champion is meant.
ALTER TABLE readers ADD COLUMN serving_sha256 text;
