-- Under which library it passed its trial; under another one it is tried again before it is loaded.
ALTER TABLE serving_models ADD COLUMN library text NOT NULL DEFAULT '';
