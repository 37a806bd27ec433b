"""Where the mock keeps its state: SQLite, in memory or in a file. One connection, one lock.

What a call writes is put off and written together with what other calls write, before anybody reads; each statement by
itself would cost a call more than all else it does. In a file nothing is put off, so that a killed mock loses nothing.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mock_kobo.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# So many writes are put off at most.
MOST_WAITING = 2_000

# Kept in the file's header, so that a file of another version is refused rather than misread.
VERSION = 1

SCHEMA = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sends (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, sender TEXT NOT NULL, msg TEXT NOT NULL, type INTEGER NOT NULL,
    units INTEGER NOT NULL, pages INTEGER NOT NULL, uuid TEXT, cost TEXT NOT NULL);
CREATE INDEX sends_uuid ON sends (uuid) WHERE uuid IS NOT NULL;
CREATE VIRTUAL TABLE texts USING fts5(msg, content='sends', content_rowid='id', tokenize='trigram');
CREATE TABLE messages (
    id INTEGER PRIMARY KEY, send_id INTEGER NOT NULL, number TEXT NOT NULL, msgid TEXT NOT NULL, report TEXT NOT NULL,
    final_at REAL);
CREATE UNIQUE INDEX messages_msgid ON messages (msgid);
CREATE INDEX messages_send ON messages (send_id);
CREATE INDEX messages_number ON messages (number, id);
CREATE INDEX messages_final ON messages (final_at);
CREATE TABLE uuids (uuid TEXT PRIMARY KEY, at REAL NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE phones (
    number TEXT PRIMARY KEY, reversed TEXT NOT NULL, last_id INTEGER NOT NULL, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX phones_last ON phones (last_id);
CREATE INDEX phones_reversed ON phones (reversed);
CREATE TABLE ledger (id INTEGER PRIMARY KEY, at REAL NOT NULL, balance TEXT NOT NULL);
CREATE TABLE calls (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, endpoint TEXT NOT NULL, method TEXT NOT NULL, parameters TEXT NOT NULL,
    http_status INTEGER, answer TEXT, outcome TEXT NOT NULL, reason TEXT NOT NULL, fault TEXT);
"""
TABLES = ("settings", "sends", "messages", "uuids", "phones", "ledger", "calls")


class Store:
    """The tables of SCHEMA. `path` None keeps them in memory; raises StateError for a file that can't be used."""

    def __init__(self, path: Path | None = None) -> None:
        self.lock = threading.RLock()
        self._waiting: dict[str, list[tuple[Any, ...]]] = {}
        self._most_waiting = MOST_WAITING if path is None else 0
        self._count_waiting = 0
        try:
            self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False, timeout=1)
            self._open()
        except sqlite3.Error as error:
            raise StateError(f"{path} can't be used as the mock's state: {error}") from error

    def _open(self) -> None:
        # Two mocks on one file would charge one account behind each other's back.
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode = WAL")
        # A mock need not survive a power cut: no waiting for the disk.
        self._db.execute("PRAGMA synchronous = OFF")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and not self._db.execute("SELECT 1 FROM sqlite_master").fetchone():
            self._db.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
        elif version != VERSION:
            self._db.close()
            raise StateError(f"the file is of version {version} or of another program, this mock's is {VERSION}")

    @contextmanager
    def together(self) -> Iterator[None]:
        """Hold the lock; what is put off inside is written as a whole or, on an exception of SQLite's, not at all."""
        with self.lock:
            yield
            if self._count_waiting > self._most_waiting:
                self.write()

    def later(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Run one statement for each of `rows`, before anything is read; call it in `together`."""
        waiting = self._waiting.setdefault(sql, [])
        before = len(waiting)
        waiting.extend(rows)
        self._count_waiting += len(waiting) - before

    def write(self) -> None:
        """Write what was put off; call it with the lock held."""
        waiting, self._waiting, self._count_waiting = self._waiting, {}, 0
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for sql, rows in waiting.items():
                self._db.executemany(sql, rows)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def rows(self, sql: str, values: Iterable[Any] = (), *, as_written: bool = False) -> list[tuple[Any, ...]]:
        """Return all rows of a query, which bounds them itself; `as_written` leaves out what is put off."""
        with self.lock:
            if self._count_waiting and not as_written:
                self.write()
            return self._db.execute(sql, tuple(values)).fetchall()

    def row(self, sql: str, values: Iterable[Any] = (), *, as_written: bool = False) -> tuple[Any, ...] | None:
        """Return the first row of a query, or None."""
        found = self.rows(sql, values, as_written=as_written)
        return found[0] if found else None

    def setting(self, name: str) -> dict[str, Any] | None:
        """Return a setting kept with `keep_setting`, or None."""
        found = self.row("SELECT value FROM settings WHERE name = ?", (name,))
        kept: dict[str, Any] | None = json.loads(found[0]) if found else None
        return kept

    def keep_setting(self, name: str, value: dict[str, Any]) -> None:
        """Keep a JSON object under `name`."""
        with self.together():
            self.later("INSERT OR REPLACE INTO settings VALUES (?, ?)", [(name, json.dumps(value))])

    def clear(self, *tables: str) -> None:
        """Empty `tables`; with `sends` goes the index of its texts."""
        with self.lock:
            self.write()
            for table in tables:
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - names of TABLES
            if "sends" in tables:
                self._db.execute("INSERT INTO texts (texts) VALUES ('delete-all')")

    def close(self) -> None:
        """Write what was put off and close the file; what comes after raises."""
        with self.lock:
            self.write()
            self._db.close()
