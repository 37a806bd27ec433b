"""A CSV file as people's programs write it, read row by row: however long it is, a row at a time is in memory."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from kobo_cli.bulk import encodings, quotes, separators
from kobo_cli.bulk.cells import clean, is_blank
from kobo_cli.errors import CliError
from kobo_cli.spreadsheet import as_given, is_ours

_SAMPLE = 1 << 16
_LONGEST_LINE = 1 << 20
_NUL = "holds NUL characters: damaged, or UTF-16 without its byte order mark"


@dataclass(frozen=True)
class Row:
    """A row as it is in the file, `line` being where it begins (1 is the first); `fault` is why it cannot be read."""

    line: int
    cells: list[str]
    fault: str | None = None


class _Lines:
    """The lines of a file, one at a time, and those that make the row at hand."""

    def __init__(self, file: TextIO, path: Path) -> None:
        self._file = file
        self._path = path
        self.number = 0
        self.of_row: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(_LONGEST_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == _LONGEST_LINE:
            raise CliError(f"{self._path}: line {self.number} is longer than {_LONGEST_LINE:,} characters: no CSV file")
        self.of_row.append(line)
        return line


class Table:
    """An open CSV file: its `columns` (names as they are to be seen), its `separator`, and its rows, once.

    `header` is the first row as it is in the file. Raises CliError, naming the line, for what is no table.
    """

    def __init__(self, file: TextIO, path: Path, encoding: encodings.Encoding) -> None:
        self.path = path
        self.encoding = encoding
        self._file = file
        sample = file.read(_SAMPLE)
        file.seek(0)
        self._lines = _Lines(file, path)
        self._ours = False
        self.separator = self._separator(sample)
        # Strict, as a quote that is not closed would swallow rows in silence.
        self._reader = csv.reader(self._lines, delimiter=self.separator, skipinitialspace=True, strict=True)
        header = next(self._records(), None)
        if header is None:
            raise CliError(f"{path}: the file is empty")
        # Of a file of ours, with rows to be mended: what was made harmless for a spreadsheet is again what it was.
        self._ours = is_ours(header.cells)
        if self._ours:
            header = replace(header, cells=as_given(header.cells))
        if header.fault:
            raise CliError(f"{path}: line {header.line} {header.fault}; {encodings.SAVE_AS}")
        self.header = header
        self.columns = tuple(" ".join(clean(cell).split()) for cell in header.cells)

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the header, without those in which there is nothing; short ones are filled up."""
        width = len(self.columns)
        for row in self._records():
            surplus = len(row.cells) - width
            if surplus > 0 and not row.fault and not is_blank(row.cells[width:]):
                cells = f"has {len(row.cells)} cells, but there are {width} columns"
                row = Row(row.line, row.cells, f"{cells}: put a value with a separator in it into quotes")
            elif surplus < 0:
                row = Row(row.line, row.cells + [""] * -surplus, row.fault)
            yield row

    def position(self) -> int:
        """Return how many bytes of the file were read so far."""
        return self._file.buffer.tell()

    def _separator(self, sample: str) -> str:
        named = separators.declared(re.split(r"[\r\n]", sample, maxsplit=1)[0])
        if named is None:
            return separators.guess(sample, cut=len(sample) == _SAMPLE)
        next(self._lines)
        return named

    def _records(self) -> Iterator[Row]:
        while True:
            start = self._lines.number + 1
            self._lines.of_row.clear()
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise CliError(f"{self.path}: {self._blame(start, error)}") from error
            if is_blank(cells):
                continue
            nul = any("\0" in line for line in self._lines.of_row)
            yield Row(start, as_given(cells) if self._ours else cells, _NUL if nul else None)

    def _blame(self, start: int, error: csv.Error) -> str:
        opened = quotes.opening(self._lines.of_row, self.separator)
        if opened is None:
            return f"line {start}: {error}"
        line, last = start + opened, self._lines.number
        if line == last and "expected after" in str(error):
            return f'line {line}: text after a closing quote; write a quote within a value twice, as ""'
        return f"line {line}: the quote that opens there is not closed (looked for up to line {last})"


@contextmanager
def open_table(path: Path) -> Iterator[Table]:
    """Yield the table of a CSV file.

    Raises
    ------
    CliError
        when it cannot be read, saying why and, where that is known, in which line.
    """
    if path.exists() and not path.is_file():
        raise CliError(f"{path}: this is no file" if not path.is_dir() else f"{path}: this is a folder, not a CSV file")
    try:
        encoding = encodings.detect(path)
        file = path.open(encoding=encoding.codec, newline="")
    except OSError as error:
        raise CliError(f"{path}: {error.strerror or error}") from error
    with file:
        yield Table(file, path, encoding)
