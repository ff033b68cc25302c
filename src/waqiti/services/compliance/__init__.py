"""compliance-service: customers, screening, tiers and the limits that they have."""
