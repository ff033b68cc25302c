"""Files that a user names: CSV with a header, in UTF-8; what is wrong with one is said in one sentence."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from waqiti.operations.errors import WRONG_USE, ClusterError

MOST_ROWS: Final = 1_000_000


def read_columns(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Return the values of ``columns`` of each row, in the order of the file; other columns are passed over.

    Raises:
        ClusterError: wrong use: the file cannot be read, lacks a column, or a row is not like its header.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _values(path, csv.reader(file, strict=True), columns)
    except OSError as error:
        raise ClusterError(f"{path} cannot be read: {error.strerror}", WRONG_USE) from error
    except UnicodeDecodeError as error:
        raise ClusterError(f"{path} is not text in UTF-8", WRONG_USE) from error
    except csv.Error as error:
        raise ClusterError(f"{path} is not a CSV file: {error}", WRONG_USE) from error


def _values(path: Path, rows: Iterator[list[str]], columns: Sequence[str]) -> Iterator[tuple[str, ...]]:
    header = [name.strip().lower() for name in next(rows, [])]
    missing = [name for name in columns if header.count(name) != 1]
    if missing:
        raise ClusterError(f"{path} must have the columns {', '.join(columns)} in its first line", WRONG_USE)
    places = [header.index(name) for name in columns]
    for number, row in enumerate(rows, start=2):
        if not row:
            continue
        if len(row) != len(header):
            raise ClusterError(f"{path}, row {number}: {len(row)} values under {len(header)} columns", WRONG_USE)
        if number > MOST_ROWS:
            raise ClusterError(f"{path} has more than {MOST_ROWS:,} rows", WRONG_USE)
        yield tuple(row[place] for place in places)
