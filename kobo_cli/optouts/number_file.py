"""Numbers in a file, one a line or in a column of a CSV file; rows that hold none are named by line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from kobo_cli.bulk.cells import clean
from kobo_cli.bulk.columns import find_column, find_numbers
from kobo_cli.bulk.numbers import read_number
from kobo_cli.bulk.table import Row, Table, open_table
from kobo_sms.messages.numbers import InvalidNumber

# So many bad lines are named; the others are counted.
MOST_NAMED = 100


@dataclass(frozen=True)
class BadLine:
    """A line in which there is no number that can be sent to, and why; it quotes no number."""

    line: int
    reason: str


@dataclass
class NumberFile:
    """An open file. `bad` are the first bad lines met so far, `bad_lines` how many there were."""

    table: Table
    region: str
    column: int
    rows: Iterator[Row]
    bad: list[BadLine] = field(default_factory=list)
    bad_lines: int = 0

    def numbers(self) -> Iterator[str]:
        """Yield the numbers in KoboMobile's form, once."""
        for row in self.rows:
            try:
                yield self._read(row)
            except InvalidNumber as error:
                self.bad_lines += 1
                if len(self.bad) < MOST_NAMED:
                    self.bad.append(BadLine(row.line, str(error)))

    def _read(self, row: Row) -> str:
        if row.fault:
            raise InvalidNumber(row.fault)
        cell = clean(row.cells[self.column])
        if not cell:
            raise InvalidNumber("no number")
        return read_number(cell, self.region)[0]


@contextmanager
def open_numbers(path: Path, *, column: str | None, region: str) -> Iterator[NumberFile]:
    """Yield the numbers of a file: of the column that is named, else of the only one that is called like one.

    A file of one column needs no header.

    Raises
    ------
    CliError
        when it cannot be read, or nobody can tell which column is meant.
    """
    with open_table(path) as table:
        at = _column_of(table, column, region)
        first = [table.header] if column is None and _is_plain(table, region) else []
        yield NumberFile(table, region, at, chain(first, table.rows()))


def _column_of(table: Table, column: str | None, region: str) -> int:
    if column is not None:
        return find_column(table.columns, column, what="--column")
    return 0 if len(table.columns) == 1 else find_numbers(table.columns, None, region=region, option="--column")


def _is_plain(table: Table, region: str) -> bool:
    """Tell whether a file of one column begins with what is meant for a number, good or bad, and not with a name."""
    cell = clean(table.header.cells[0])
    return len(table.columns) == 1 and (_holds(cell, region) or not any(char.isalpha() for char in cell))


def _holds(cell: str, region: str) -> bool:
    try:
        return bool(read_number(cell, region))
    except InvalidNumber:
        return False
