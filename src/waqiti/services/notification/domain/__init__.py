"""Pure rules of events, webhook endpoints and deliveries."""
