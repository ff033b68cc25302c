"""``/docs``: the API document as a page. All of it comes from this process; nothing is loaded from elsewhere."""

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
    """Return the routes of the page and of its parts; anybody may read them."""
    return [
        RawRoute(method="GET", path="/docs", handler=_page, open=True),
        RawRoute(method="GET", path="/docs/*", handler=_part, template="/docs/{part}", open=True),
    ]


async def _page(_: Incoming) -> Outgoing:
    return Outgoing(200, _PAGE, (_POLICY, _NO_SNIFF), b"text/html; charset=utf-8")


async def _part(incoming: Incoming) -> Outgoing:
    name = incoming.path.removeprefix(_PREFIX)
    if name == "start.js":
        return Outgoing(200, _START, (_CACHED, _NO_SNIFF), b"text/javascript; charset=utf-8")
    content_type = _TYPES.get(name)
    if content_type is None:
        raise Problem.not_found("There is nothing at this path.")
    return Outgoing(200, _asset(name), (_CACHED, _NO_SNIFF), content_type)


def _asset(name: str) -> bytes:
    content: bytes = (swagger_ui_path / name).read_bytes()
    return content
