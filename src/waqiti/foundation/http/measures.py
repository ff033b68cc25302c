"""Counts and times requests, by route template and status."""

from typing import Final

from prometheus_client import Counter, Histogram

from waqiti.foundation.telemetry.metrics import counter, histogram

_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


class Measures:
    """``http_requests_total{method,route,status}`` and ``http_request_duration_seconds{route}``."""

    def __init__(self) -> None:
        self._requests = counter("http_requests_total", "Requests answered.", ("method", "route", "status"))
        self._seconds = histogram("http_request_duration_seconds", "Time to answer, in seconds.", ("route",))
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def record(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        key = (method, route, status)
        found = self._children.get(key)
        if found is None:
            found = self._bind(key)
        found[0].inc()
        found[1].observe(seconds)

    def _bind(self, key: tuple[str, str, int]) -> tuple[Counter, Histogram]:
        method, route, status = key
        if method not in _METHODS:
            method = "other"
        children = self._requests.labels(method, route, str(status)), self._seconds.labels(route)
        if method != "other":
            self._children[key] = children
        return children
