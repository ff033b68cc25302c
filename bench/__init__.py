"""Benchmarks: every figure is a ratio taken in one run on one server, printed as JSON lines."""
