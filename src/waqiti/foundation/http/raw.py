"""Finds raw routes."""

from collections.abc import Sequence

from waqiti.foundation.http.exchange import RawRoute

__all__ = ["RawRoute", "RawRoutes"]


class RawRoutes:
    """Exact paths by one look-up, then prefixes, longest first."""

    def __init__(self, routes: Sequence[RawRoute]) -> None:
        self._exact: dict[tuple[str, str], RawRoute] = {}
        self._prefixes: list[tuple[str, RawRoute]] = []
        for route in routes:
            self.add(route)

    def add(self, route: RawRoute) -> None:
        """Take one more route."""
        if route.path.endswith("/*"):
            self._prefixes.append((route.path[:-1], route))
            self._prefixes.sort(key=lambda pair: -len(pair[0]))
        else:
            self._exact[route.method, route.path] = route

    def find(self, method: str, path: str) -> RawRoute | None:
        """Return the route that takes this request."""
        route = self._exact.get((method, path)) or self._exact.get(("*", path))
        if route is None and self._prefixes:
            return self._below(method, path)
        return route

    def methods(self, path: str) -> set[str]:
        """Return the methods that raw routes offer at ``path``."""
        below = {route.method for prefix, route in self._prefixes if path.startswith(prefix)}
        return below | {method for method, exact in self._exact if exact == path}

    def _below(self, method: str, path: str) -> RawRoute | None:
        for prefix, route in self._prefixes:
            if path.startswith(prefix) and route.method in (method, "*"):
                return route
        return None
