"""What a command prints: one JSON document, or something to look at; messages on standard error."""

import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from shutil import which
from textwrap import wrap
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from rich.console import Console

WIDTH: Final = 80
"""What is to be looked at fits this many columns."""

JSON_FLAG = "--json"

# Control characters, breaks of lines and halves of pairs.
_CONTROLS: Final = frozenset({"Cc", "Zl", "Zp", "Cs"})
# What reverses the direction of text, and so shows another text than there is.
_TURNS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class ErrorDocument(msgspec.Struct, frozen=True):
    """What stands on standard output when a command with ``--json`` fails before it has anything to print."""

    error: str


class Line(msgspec.Struct, frozen=True):
    """A line of what is to be looked at, and its style."""

    text: str
    style: str = ""


def is_json(arguments: Sequence[str]) -> bool:
    """Return whether a command line asks for JSON."""
    return JSON_FLAG in arguments


def print_document(document: object) -> None:
    """Print one JSON document on a line of its own."""
    sys.stdout.write(msgspec.json.encode(document).decode() + "\n")
    sys.stdout.flush()


def printable(text: str, *, keep: str = "") -> str:
    r"""Write what would steer a terminal as an escape that is seen, such as ``\x1b``; ``keep`` are left as they are."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(one if one in keep else _seen(one) for one in text)


def _seen(character: str) -> str:
    if unicodedata.category(character) in _CONTROLS or character in _TURNS:
        return character.encode("unicode_escape").decode()
    return character


def say(sentence: str) -> None:
    """Print a message on standard error."""
    sys.stderr.write(printable(sentence, keep="\n\t") + "\n")
    sys.stderr.flush()


def say_error(sentence: str, *, as_json: bool) -> None:
    """Print why a command failed."""
    say(f"waqiti: {sentence}")
    if as_json:
        print_document(ErrorDocument(sentence))


def wrapped(text: str, indent: int) -> list[str]:
    """Return the lines of a text that others have written, each indented and within ``WIDTH``."""
    margin = " " * indent
    return wrap(printable(text), WIDTH, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False)


def as_called() -> str:
    """Return what to type in order to run this command again."""
    program = sys.argv[0]
    if Path(program).name == "__main__.py":
        return f"{quote(sys.executable)} -m waqiti"
    return "waqiti" if which("waqiti") == program else quote(program)


def console(*, errors: bool = False) -> "Console":
    """Return where to print what is to be looked at; it is imported only by those who do."""
    from waqiti.cli.terminal import SafeConsole

    return SafeConsole(stderr=errors, highlight=False, soft_wrap=not errors)
