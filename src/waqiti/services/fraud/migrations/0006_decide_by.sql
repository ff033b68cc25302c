-- When the owner of a movement gives it up by its own clock; unknown of reviews that were opened before.
ALTER TABLE reviews ADD COLUMN decide_by timestamptz;

GRANT UPDATE (decide_by) ON reviews TO waqiti_fraud;
