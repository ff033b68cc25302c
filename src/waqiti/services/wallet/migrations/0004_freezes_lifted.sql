-- A customer who was cleared is no longer frozen as such; the ledger keeps who unfroze which wallet, and why.
GRANT DELETE ON customer_freezes TO waqiti_wallets;
