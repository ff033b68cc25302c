"""payment-service: payments from acceptance to their end, captures, voids and refunds."""
