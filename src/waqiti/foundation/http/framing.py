"""Refuses a request whose framing or host two readers could understand in two ways (RFC 9112 3.2 and 6.1)."""

import string
from typing import Final

from waqiti.foundation.http.body import Refused
from waqiti.foundation.http.exchange import Incoming

_OLD: Final = "1.0"
_IN_A_HOST: Final = (string.ascii_letters + string.digits + "-._~!$&'()*+,;=%:[]").encode()


def check(incoming: Incoming, version: str) -> None:
    """Raise 400 unless there is one ``Host`` (HTTP/1.0 needs none), and one coding for the transfer: ``chunked``."""
    host = incoming.header(b"host")
    if host is None:
        if version != _OLD:
            raise _faulty("The request must name its Host.")
    elif host.translate(None, _IN_A_HOST) and host.strip().translate(None, _IN_A_HOST):
        raise _faulty("The Host is none.")
    coding = incoming.header(b"transfer-encoding")
    if coding is not None and (version == _OLD or coding.strip().lower() != b"chunked"):
        raise _faulty("The Transfer-Encoding must be chunked.")
    if incoming.repeats:
        _check_repeated(incoming)


def _check_repeated(incoming: Incoming) -> None:
    names = [name for name, _ in incoming.headers]
    if names.count(b"host") > 1:
        raise _faulty("There must be one Host.")
    if names.count(b"transfer-encoding") > 1:
        raise _faulty("The Transfer-Encoding must be chunked.")


def _faulty(detail: str) -> Refused:
    return Refused(400, "bad_request", detail)
