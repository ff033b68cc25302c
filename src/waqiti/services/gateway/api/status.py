"""``/status``: how the platform is, for everybody; a page without scripts, or JSON where that is asked for."""

from html import escape
from typing import Final

import msgspec

from waqiti.contracts.modes import STATUS_PATH
from waqiti.contracts.public.status import Capability, PlatformStatus, State
from waqiti.foundation.http import Incoming, Outgoing, RawRoute
from waqiti.services.gateway.usecases.status import StatusDesk

_HEADERS: Final = (
    (b"cache-control", b"public, max-age=2"),
    (b"vary", b"accept"),
    (b"x-content-type-options", b"nosniff"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
)
_HTML: Final = b"text/html; charset=utf-8"
_WORDS: Final[dict[State, str]] = {
    "operational": "works",
    "degraded": "limited",
    "unavailable": "does not work",
    "maintenance": "maintenance",
}
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta http-equiv="refresh" content="30">
  <title>Status: {summary}</title>
  <style>
    :root {{ color-scheme: light dark; }}
    body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 10vh auto; max-width: 40rem; padding: 0 1rem; }}
    h1 {{ font-size: 1.6rem; }}
    ul {{ list-style: none; padding: 0; }}
    li {{ border-top: 1px solid #8886; padding: .8rem 0; }}
    .line {{ display: flex; justify-content: space-between; gap: 1rem; font-weight: 600; }}
    .word {{ white-space: nowrap; }}
    .operational {{ color: #1a7f37; }}
    .degraded, .maintenance {{ color: #9a6700; }}
    .unavailable {{ color: #cf222e; }}
    @media (prefers-color-scheme: dark) {{
      .operational {{ color: #3fb950; }}
      .degraded, .maintenance {{ color: #d29922; }}
      .unavailable {{ color: #f85149; }}
    }}
    p {{ margin: .2rem 0; }}
    .notice {{ border-left: .25rem solid #9a6700; padding-left: .8rem; margin: 1rem 0; }}
  </style>
</head>
<body>
  <main>
    <h1 class="{status}">{summary}</h1>
{notices}    <ul>
{capabilities}    </ul>
  </main>
</body>
</html>
"""
_NOTICE: Final = '    <p class="notice">{notice}</p>\n'
_CAPABILITY: Final = """      <li>
        <div class="line"><span>{name}</span><span class="word {status}">{word}</span></div>
        <p>{detail}</p>
      </li>
"""

_encode = msgspec.json.Encoder().encode


def status_routes(desk: StatusDesk) -> list[RawRoute]:
    """Return the route."""

    async def status(incoming: Incoming) -> Outgoing:
        found = await desk.status()
        if _wants_json(incoming.header(b"accept") or b""):
            return Outgoing(200, _encode(found), _HEADERS)
        return Outgoing(200, page(found).encode(), _HEADERS, _HTML)

    return [RawRoute(method="GET", path=STATUS_PATH, handler=status, open=True)]


def page(found: PlatformStatus) -> str:
    """Write the page."""
    return _PAGE.format(
        status=found.status,
        summary=escape(found.summary),
        notices="".join(_NOTICE.format(notice=escape(notice)) for notice in found.notices),
        capabilities="".join(_capability(one) for one in found.capabilities),
    )


def _capability(one: Capability) -> str:
    return _CAPABILITY.format(
        name=escape(one.name), status=one.status, word=_WORDS[one.status], detail=escape(one.detail)
    )


def _wants_json(accept: bytes) -> bool:
    return b"application/json" in accept and b"text/html" not in accept
