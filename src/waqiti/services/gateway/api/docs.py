"""``/docs``, where ``/`` leads: the API document as a page, all of it from this process, nothing from elsewhere."""

from typing import Final

from swagger_ui_bundle import swagger_ui_path  # type: ignore[import-untyped]

from waqiti.foundation.errors import Problem
from waqiti.foundation.http import Incoming, Outgoing, RawRoute

_PREFIX: Final = "/docs/"
_TYPES: Final = {
    "swagger-ui.css": b"text/css; charset=utf-8",
    "swagger-ui-bundle.js": b"text/javascript; charset=utf-8",
    "favicon-32x32.png": b"image/png",
}
_POLICY: Final = (
    b"content-security-policy",
    (
        b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
)
_CACHED: Final = (b"cache-control", b"public, max-age=86400")
_NO_SNIFF: Final = (b"x-content-type-options", b"nosniff")

_PAGE: Final = b"""<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Waqiti API</title>
  <link rel="icon" href="/docs/favicon-32x32.png">
  <link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
  <main id="api"></main>
  <script src="/docs/swagger-ui-bundle.js"></script>
  <script src="/docs/start.js"></script>
</body>
</html>
"""
_START: Final = b"""SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  persistAuthorization: false,
  validatorUrl: null,
});
"""


def docs_routes() -> list[RawRoute]:
    """Read the parts of the page once, and return their routes; anybody may read them."""
    parts = {name: ((swagger_ui_path / name).read_bytes(), content_type) for name, content_type in _TYPES.items()}
    parts["start.js"] = (_START, b"text/javascript; charset=utf-8")

    async def part(incoming: Incoming) -> Outgoing:
        found = parts.get(incoming.path.removeprefix(_PREFIX))
        if found is None:
            raise Problem.not_found("There is nothing at this path.")
        content, content_type = found
        return Outgoing(200, content, (_CACHED, _NO_SNIFF), content_type)

    return [
        RawRoute(method="GET", path="/", handler=_front_door, open=True),
        RawRoute(method="GET", path="/docs", handler=_page, open=True),
        RawRoute(method="GET", path="/docs/*", handler=part, template="/docs/{part}", open=True),
    ]


async def _page(_: Incoming) -> Outgoing:
    return Outgoing(200, _PAGE, (_POLICY, _NO_SNIFF), b"text/html; charset=utf-8")


async def _front_door(_: Incoming) -> Outgoing:
    return Outgoing(303, b"", ((b"location", b"/docs"),))
