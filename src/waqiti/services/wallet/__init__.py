"""wallet-service: wallets, money in and out over rails, entries and statements."""
