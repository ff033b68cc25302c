"""The consumers and clocks of payment-service."""
