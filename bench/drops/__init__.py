"""Requests that nobody tries again while the platform is operated: what a client without retries would see of it."""
