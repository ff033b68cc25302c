"""Pure rules of wallets and of money in and out."""
