"""Which methods a path offers: what a 405 and an OPTIONS answer list."""

import re
from collections.abc import Iterator

from litestar import Litestar
from litestar.routes import HTTPRoute

from waqiti.foundation.http.raw import RawRoutes


class Methods:
    """Those of the framework's routes and of the raw ones; looked up only when a request was not understood."""

    def __init__(self, framework: Litestar, raw: RawRoutes) -> None:
        self._framework = list(_patterns(framework))
        self._raw = raw

    def of(self, path: str) -> set[str]:
        """Return the methods that ``path`` offers; none where there is nothing."""
        found = self._raw.methods(path).union(*(names for pattern, names in self._framework if pattern.fullmatch(path)))
        if "GET" in found:
            found.add("HEAD")
        return found | {"OPTIONS"} if found else found


def _patterns(framework: Litestar) -> Iterator[tuple[re.Pattern[str], set[str]]]:
    for route in framework.routes:
        if isinstance(route, HTTPRoute):
            parts = (re.escape(part) if isinstance(part, str) else "[^/]+" for part in route.path_components)
            names = {str(name) for handler in route.route_handlers for name in handler.http_methods}
            yield re.compile("/" + "/".join(parts)), names - {"OPTIONS"}
