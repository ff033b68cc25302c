-- What people have to look at about payments: a topic of its own, for a reader that need not see every payment.
SELECT eventlog.create_topic('payment-casework');

-- Steps that no client asked for; a capture of these that cannot be ends the payment.
ALTER TABLE steps ADD COLUMN own boolean NOT NULL DEFAULT false;
