"""What a trial says."""

from typing import Final

import msgspec

from waqiti.contracts.public.models import ModelFigures


class Passed(msgspec.Struct, frozen=True, tag="passed"):
    """The artifact can be served: what it says of itself, and where that was asked which innocent people it accuses."""

    training: str
    figures: ModelFigures
    card: str
    accused: tuple[str, ...]


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """It cannot, and why."""

    why: str


ACCUSED: Final = "--accused"
"""Asks which innocent people the model would hold."""

_DECODER: Final[msgspec.json.Decoder[Passed | Refused]] = msgspec.json.Decoder(Passed | Refused)
encode: Final = msgspec.json.Encoder().encode


def decode(report: bytes) -> Passed | Refused:
    """Read what a child wrote.

    Raises:
        MsgspecError: it is not a report.
    """
    return _DECODER.decode(report)
