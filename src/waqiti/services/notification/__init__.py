"""notification-service: events for the outside, and the webhooks that carry them."""
