"""What was found in the rows, kept on disk while a command runs: however long the file is, little of it is in memory.

SQLite keeps a database without a name in a temporary file, and removes it whatever ends the process.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b

from kobo_cli.bulk.check import Bad, Good
from kobo_cli.errors import CliError
from kobo_sms.messages.parts import MAX_NUMBERS

_CACHE_KB = 64_000
_SCHEMA = """
CREATE TABLE recipients (
    number INTEGER NOT NULL UNIQUE, line INTEGER NOT NULL, digest BLOB NOT NULL,
    pages INTEGER NOT NULL, text TEXT NOT NULL, cells TEXT NOT NULL
);
CREATE TABLE bad (line INTEGER NOT NULL, column_name TEXT, reason TEXT NOT NULL, cells TEXT NOT NULL);
CREATE TABLE repeated (line INTEGER NOT NULL, first_line INTEGER NOT NULL, other_text INTEGER NOT NULL);
"""
_BY_TEXT = "CREATE INDEX IF NOT EXISTS by_text ON recipients (digest, number)"
_RECIPIENTS = "SELECT number, line, pages, text, cells FROM recipients "
_REQUESTS = """
SELECT coalesce(sum((numbers + :most - 1) / :most), 0)
FROM (SELECT count(*) AS numbers FROM recipients GROUP BY digest)
"""
_REASONS = """
SELECT column_name, reason, count(*) AS rows FROM bad GROUP BY column_name, reason
ORDER BY rows DESC, min(rowid) LIMIT ?
"""
_DISK = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN")


@dataclass(frozen=True)
class Recipient:
    """A number with its text, the line that it is from and that row's cells."""

    number: str
    line: int
    pages: int
    text: str
    cells: list[str]


@dataclass(frozen=True)
class Repeated:
    """A row whose number has been in the file before: both lines, and whether the texts differ."""

    line: int
    first_line: int
    other_text: bool


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be sent: its line and cells, why, and the column at fault (None: the row as a whole)."""

    line: int
    column: str | None
    reason: str
    cells: list[str]


class Workspace:
    """Rows as they were found. Numbers and texts go in in the file's order, and come out sorted."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def add(self, good: Good) -> bool:
        """Keep a row that can be sent; False, and only its line is kept, if its number was there before."""
        text = good.priced.text
        digest = blake2b(text.encode(), digest_size=16).digest()
        fields = int(good.number), good.row.line, digest, good.priced.pages, text, _pack(good.row.cells)
        insert = "INSERT INTO recipients VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
        if self._database.execute(insert, fields).rowcount:
            return True
        find = "INSERT INTO repeated SELECT ?, line, digest != ? FROM recipients WHERE number = ?"
        self._database.execute(find, (good.row.line, digest, int(good.number)))
        return False

    def add_bad(self, bad: Bad) -> None:
        """Keep a row that cannot be sent."""
        fields = bad.row.line, bad.column, bad.reason, _pack(bad.row.cells)
        self._database.execute("INSERT INTO bad VALUES (?, ?, ?, ?)", fields)

    def recipients(self) -> Iterator[Recipient]:
        """Yield them all, equal texts together, then by number: an order that the file's order has no part in."""
        self._database.execute(_BY_TEXT)
        yield from self._find("ORDER BY digest, number")

    def first(self, most: int) -> list[Recipient]:
        """Return those of the file's first rows."""
        return list(self._find("ORDER BY rowid LIMIT ?", most))

    def dearest(self, most: int) -> list[Recipient]:
        """Return those whose texts take most pages, in the file's order."""
        return list(self._find("ORDER BY pages DESC, rowid LIMIT ?", most))

    def contents(self) -> Iterator[tuple[bytes, int]]:
        """Yield a digest of the text and the number of each recipient, in the order of `recipients`."""
        self._database.execute(_BY_TEXT)
        yield from self._database.execute("SELECT digest, number FROM recipients ORDER BY digest, number")

    def pages(self) -> dict[int, int]:
        """Return how many recipients' texts take 1, 2, 3 ... pages."""
        found = self._database.execute("SELECT pages, count(*) FROM recipients GROUP BY pages ORDER BY pages")
        return dict(found.fetchall())

    def requests(self) -> int:
        """Return how many requests it takes: equal texts share one of up to 500 numbers."""
        self._database.execute(_BY_TEXT)
        return int(self._database.execute(_REQUESTS, {"most": MAX_NUMBERS}).fetchone()[0])

    def repeated(self, most: int) -> list[Repeated]:
        """Return the first rows whose number has been in the file before."""
        rows = self._database.execute("SELECT * FROM repeated ORDER BY rowid LIMIT ?", (most,))
        return [Repeated(line, first, bool(other)) for line, first, other in rows]

    def bad(self) -> Iterator[BadRow]:
        """Yield the rows that cannot be sent, in the file's order."""
        for line, column, reason, cells in self._database.execute("SELECT * FROM bad ORDER BY rowid"):
            yield BadRow(line, column, reason, json.loads(cells))

    def reasons(self, most: int) -> list[tuple[str | None, str, int]]:
        """Return the most frequent reasons: the column, the reason, how many rows."""
        return self._database.execute(_REASONS, (most,)).fetchall()

    def _find(self, order: str, *values: int) -> Iterator[Recipient]:
        for number, line, pages, text, cells in self._database.execute(_RECIPIENTS + order, values):
            yield Recipient(str(number), line, pages, text, json.loads(cells))


@contextmanager
def open_workspace() -> Iterator[Workspace]:
    """Yield an empty workspace.

    Raises
    ------
    CliError
        when the disk for temporary files (TMPDIR) is full.
    """
    database = sqlite3.connect("", isolation_level=None)
    try:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE", f"cache_size=-{_CACHE_KB}"):
            database.execute(f"PRAGMA {pragma}")
        database.executescript(_SCHEMA)
        database.execute("BEGIN")
        yield Workspace(database)
    except sqlite3.OperationalError as error:
        if not error.sqlite_errorname.startswith(_DISK):
            raise
        raise CliError(f"cannot keep what was found in the file: {error} (temporary files; set TMPDIR)") from error
    finally:
        database.close()


def _pack(cells: list[str]) -> str:
    return json.dumps(cells, separators=(",", ":"))
