"""Every SMS that was executed, and the answers to `message_uuid`."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mock_kobo.rules.scenarios import MAGIC_REPORTS, PENDING
from mock_kobo.state.account import json_money
from mock_kobo.state.clock import iso
from mock_kobo.state.store import MOST_WAITING, Store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mock_kobo.rules.pages import Text
    from mock_kobo.state.settings import Settings

# One to one on 32 bits, so that ids of 8 hex digits look random and never collide.
_SPREAD, _SALT = 2_654_435_761, 0x4B1D777E

MESSAGE_COLUMNS = """
    messages.id, messages.number, sender, msg, type, units, pages, msgid, uuid, cost, at, report, final_at
    FROM messages JOIN sends ON sends.id = send_id"""


@dataclass(frozen=True, slots=True)
class Sending:
    """One executed call: what all its recipients have in common; `cost` is each one's."""

    at: float
    sender: str
    text: Text
    sms_type: int
    uuid: str | None
    cost: Decimal


class Messages:
    """The SMS in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last_id = self._last("messages")
        # Not seeded, or a mock started again on its state would give its ids again. And not uuid4, which asks the
        # kernel each time and gives the turn to another thread.
        self._ids = random.Random()  # noqa: S311 - ids of a mock keep no secret
        self._last_send_id = self._last("sends")
        # The answers that the store puts off writing; it is asked for the others, unless the uuid can't be there: a
        # question to SQLite gives the turn to another thread, which costs a call more than the question itself.
        self._answers: dict[str, tuple[float, str]] = {}
        self._known = {hash(row[0]) for row in store.rows("SELECT uuid FROM uuids")}

    def _last(self, table: str) -> int:
        found = self._store.row(f"SELECT max(id) FROM {table}")  # noqa: S608 - a name of TABLES
        return (found and found[0]) or 0

    def add(
        self, sending: Sending, numbers: Iterable[str], settings: Settings, chance: random.Random
    ) -> dict[str, str]:
        """Keep one SMS to each of `numbers`; return their message ids by number. Call it in the store's `together`."""
        self._add_sending(sending)
        pairs: dict[str, str] = {}
        rows = []
        for number in numbers:
            self._last_id += 1
            msgid = pairs[number] = self.new_msgid(settings.dialect.id_format, self._last_id)
            seconds, report = settings.delivery.draw(chance)
            report = MAGIC_REPORTS.get(number, report)
            final_at = None if report == PENDING else sending.at + seconds
            rows.append((self._last_id, self._last_send_id, number, msgid, report, final_at))
        self._store.later("INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?)", rows)
        self._store.later(
            "INSERT INTO phones VALUES (?, ?, ?, 1)"
            " ON CONFLICT DO UPDATE SET last_id = excluded.last_id, count = count + 1",
            [(row[2], row[2][::-1], row[0]) for row in rows],
        )
        return pairs

    def _add_sending(self, sending: Sending) -> None:
        self._last_send_id += 1
        text = sending.text
        described = (sending.sender, text.shown, sending.sms_type, text.units, text.pages)
        row = (self._last_send_id, sending.at, *described, sending.uuid, str(sending.cost))
        self._store.later("INSERT INTO sends VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", [row])
        self._store.later("INSERT INTO texts (rowid, msg) VALUES (?, ?)", [(self._last_send_id, text.shown)])

    def new_msgid(self, id_format: str, number: int) -> str:
        """Return an id nobody has, `number` being one nobody had; formats are those of the dialect."""
        if id_format == "hex8":
            return f"{number * _SPREAD % 2**32 ^ _SALT:08x}"
        return (
            f"2026{number:012d}" if id_format == "digits" else str(uuid.UUID(int=self._ids.getrandbits(128), version=4))
        )

    def answer_to(self, message_uuid: str, since: float) -> str | None:
        """Return what was answered to a `message_uuid` executed after `since`."""
        found: tuple[Any, ...] | None = self._answers.get(message_uuid)
        if found is None and hash(message_uuid) in self._known:
            sql = "SELECT at, body FROM uuids WHERE uuid = ?"
            found = self._store.row(sql, (message_uuid,), as_written=True)
        return found[1] if found and found[0] > since else None

    def keep_answer(self, message_uuid: str, at: float, body: str) -> None:
        """Remember the answer to a `message_uuid`, in place of one that has expired."""
        if len(self._answers) > MOST_WAITING:
            # By now the store has written them.
            self._store.write()
            self._answers.clear()
        self._answers[message_uuid] = (at, body)
        self._known.add(hash(message_uuid))
        self._store.later("INSERT OR REPLACE INTO uuids VALUES (?, ?, ?)", [(message_uuid, at, body)])

    def status(self, msgid: str, now: float, since: float) -> str | None:
        """Return the delivery status of an SMS sent after `since`, or None."""
        found = self._store.row(
            "SELECT report, final_at FROM messages JOIN sends ON sends.id = send_id WHERE msgid = ? AND at > ?",
            (msgid, since),
        )
        return status_at(found[0], found[1], now) if found else None

    def listed(self, where: str, values: Iterable[Any], limit: int, now: float) -> list[dict[str, Any]]:
        """Return at most `limit` SMS, in the words of the control API; `where` is SQL of this package."""
        sql = f"SELECT {MESSAGE_COLUMNS} {where} LIMIT ?"
        return [message_json(row, now) for row in self._store.rows(sql, (*values, limit))]

    def clear(self, *, keep_uuids: bool = False) -> None:
        """Forget every SMS and, unless kept, every `message_uuid`."""
        with self._store.lock:
            self._store.clear("sends", "messages", "phones", *(() if keep_uuids else ("uuids",)))
            self._answers.clear()
            if not keep_uuids:
                self._known.clear()


def status_at(report: str, final_at: float | None, now: float) -> str:
    """Return PROCESSED until an SMS's final report has come."""
    return report if final_at is not None and final_at <= now else PENDING


def message_json(row: tuple[Any, ...], now: float) -> dict[str, Any]:
    """Return one row of MESSAGE_COLUMNS as the control API shows it."""
    number_id, number, sender, msg, sms_type, units, pages, msgid, message_uuid, cost, at, report, final_at = row
    return {
        "id": number_id,
        "to": number,
        "from": sender,
        "msg": msg,
        "type": sms_type,
        "characters": units,
        "pages": pages,
        "msgid": msgid,
        "message_uuid": message_uuid,
        "status": status_at(report, final_at, now),
        "cost": json_money(Decimal(cost)),
        "at": iso(at),
    }
