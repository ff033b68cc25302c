-- Reviews of withdrawals: why one waits for people, all reasons at once, and what they said, until it was acted upon.
ALTER TABLE movements ADD COLUMN review json, ADD COLUMN verdict json;

ALTER TABLE movements DROP CONSTRAINT movements_step_check;
ALTER TABLE movements ADD CONSTRAINT movements_step_check
    CHECK (step IN ('screen', 'file', 'review', 'release', 'rail', 'arrived', 'resolve', 'done'));

-- What waits already is filed with those who review.
UPDATE movements
SET review = json_build_object(
        'kinds', json_build_array(CASE review_reason
            WHEN 'fraud_review' THEN 'fraud' WHEN 'compliance_review' THEN 'compliance' ELSE 'no_score' END),
        'score', NULL,
        'reasons', json_build_array(),
        'at', to_char(changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')),
    step = 'file',
    next_at = clock_timestamp()
WHERE step = 'review';

ALTER TABLE movements DROP COLUMN review_reason;
ALTER TABLE movements ADD CONSTRAINT movements_reviewed CHECK (step NOT IN ('file', 'review') OR review IS NOT NULL);
