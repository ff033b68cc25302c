-- Signals are read by party and kind, the newest first, and forgotten when no rule can ask for them any more.
DROP INDEX signals_payer;
DROP INDEX signals_payee;
CREATE INDEX signals_sent ON signals (payer, currency, at) WHERE kind <> 'declined';
CREATE INDEX signals_received ON signals (payee, currency, kind, at) WHERE kind <> 'near_threshold';
CREATE INDEX signals_oldest ON signals (at);

GRANT DELETE ON signals TO waqiti_fraud;
