"""Plays a simulated town on a running platform, through the public API."""
