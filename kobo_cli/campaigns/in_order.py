"""Rows put into the order of people's file, on disk: there may be a million of them.

SQLite keeps a database without a name in a temporary file, and removes it whatever ends the process.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing

from kobo_cli.errors import CliError


def in_order(rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[list[str]]:
    """Yield rows by their numbers, equal ones as they came.

    Raises
    ------
    CliError
        when the disk for temporary files (TMPDIR) is full.
    """
    try:
        with closing(sqlite3.connect("", isolation_level=None)) as database:
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("CREATE TABLE rows (number INTEGER NOT NULL, cells TEXT NOT NULL)")
            database.execute("BEGIN")
            packed = ((number, json.dumps(cells)) for number, cells in rows)
            database.executemany("INSERT INTO rows VALUES (?, ?)", packed)
            for (cells,) in database.execute("SELECT cells FROM rows ORDER BY number, rowid"):
                yield json.loads(cells)
    except sqlite3.OperationalError as error:
        raise CliError(f"cannot put the rows into their order: {error} (temporary files; set TMPDIR)") from error
