"""The list of OFAC in the layout in which it is published: sdn.csv and alt.csv, without a header.

sdn.csv has the number of an entry, its name and its type; alt.csv the number of an entry, a number of its own, a kind
of alias and the alias. ``-0-`` stands for nothing; a name of a person is "FAMILY, Given".
Source: OFAC, "Specially Designated Nationals List: data formats and data schemas", comma-delimited.
"""

import csv
from collections.abc import Iterator
from typing import Final

from waqiti.services.compliance.domain.screening import Entry, Kind, ListError

_NOTHING: Final = "-0-"
_END_OF_FILE: Final = "\x1a"
_KINDS: Final[dict[str, Kind]] = {"individual": "individual", "vessel": "vessel", "aircraft": "aircraft", "": "entity"}
_NAME_COLUMNS: Final = 3
_ALIAS_COLUMNS: Final = 4
MOST_LINES: Final = 100_000


def read_ofac(sdn: bytes, alt: bytes) -> list[Entry]:
    """Return the entries of the two files, in their order.

    Raises:
        ListError: a file is not in the layout; the message names it and the line.
    """
    aliases: dict[str, list[str]] = {}
    for line, row in _rows("alt.csv", alt, _ALIAS_COLUMNS):
        if not row[3]:
            raise ListError(f"alt.csv, line {line}: the alias is missing")
        aliases.setdefault(row[0], []).append(row[3])
    entries: dict[str, Entry] = {}
    for line, row in _rows("sdn.csv", sdn, _NAME_COLUMNS):
        number, name, kind = row[:3]
        if not name or number in entries:
            raise ListError(f"sdn.csv, line {line}: {'a second entry' if name else 'no name'} under number {number}")
        if kind.lower() not in _KINDS:
            raise ListError(f"sdn.csv, line {line}: {kind[:40]!r} is no type of entry")
        entries[number] = Entry(f"OFAC-{number}", name, tuple(aliases.pop(number, ())), _KINDS[kind.lower()])
    if aliases:
        raise ListError(f"alt.csv: there is no entry {next(iter(aliases))} in sdn.csv")
    if not entries:
        raise ListError("sdn.csv holds no entry")
    return list(entries.values())


def _rows(file: str, content: bytes, columns: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(_text(content).splitlines(), strict=True)
    try:
        for row in reader:
            if not row or row[0].strip() in ("", _END_OF_FILE):
                continue
            if len(row) < columns or not row[0].strip().isdecimal():
                raise ListError(f"{file}, line {reader.line_num}: this is not the layout of OFAC")
            if reader.line_num > MOST_LINES:
                raise ListError(f"{file} has more than {MOST_LINES} lines")
            yield reader.line_num, [_value(cell) for cell in row]
    except csv.Error as error:
        raise ListError(f"{file}, line {reader.line_num}: {error}") from error


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _value(cell: str) -> str:
    stripped = cell.strip()
    return "" if stripped == _NOTHING else stripped
