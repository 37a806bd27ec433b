"""What the inbox page shows, each part bounded whatever was sent: phones, hits of a search, one phone, calls."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mock_kobo.rules.dialect import CHOICES
from mock_kobo.state.account import json_money
from mock_kobo.state.clock import iso

if TYPE_CHECKING:
    from mock_kobo.mock import Mock

FEW, MANY = 50, 1000
PLOT_POINTS = 120
# The index of texts knows three characters and more; for less the newest texts are read through, as are the newest
# phones for digits inside a number. Older phones are found by how their number starts or ends.
INDEXED_CHARACTERS = 3
SCANNED = 5_000
# A call's answer of 500 pairs is cut for the page.
SHOWN_ANSWER = 600

Rows = list[dict[str, Any]]


def view(mock: Mock, query: str, phone: str, limits: dict[str, int]) -> dict[str, Any]:
    """Return all that the page shows: `query` is searched for if not blank, `phone` is the number that is open."""
    settings = mock.gateway.settings
    return {
        "phones": _phones(mock, limits["phones"]),
        "hits": _hits(mock, query, limits["phones"]) if query else None,
        "thread": _thread(mock, phone, limits["thread"]) if phone else None,
        "calls": _calls(mock, limits["calls"]),
        "sent": _count(mock),
        "account": settings.account.as_json(),
        "balance": _balance(mock),
        "faults": [fault.as_json() | {"label": fault.label} for fault in mock.faults.all()],
        "dialect": settings.dialect.as_json(),
        "dialect_choices": dict(CHOICES),
        "clock": {"now": iso(settings.clock.now()), "frozen": settings.clock.frozen_at is not None},
    }


def _listed(mock: Mock, where: str, values: tuple[Any, ...], limit: int) -> Rows:
    return mock.gateway.messages.listed(where, values, limit, mock.gateway.clock.now())


def _phones(mock: Mock, limit: int) -> Rows:
    newest = mock.store.rows("SELECT last_id, count FROM phones ORDER BY last_id DESC LIMIT ?", (limit,))
    return _by_id(mock, dict(newest))


def _by_id(mock: Mock, counts: dict[int, int]) -> Rows:
    marks = ", ".join("?" * len(counts))
    found = _listed(mock, f"WHERE messages.id IN ({marks}) ORDER BY messages.id DESC", tuple(counts), len(counts))
    return [row | {"count": counts[row["id"]]} for row in found]


def _thread(mock: Mock, phone: str, limit: int) -> dict[str, Any]:
    count = mock.store.row("SELECT count FROM phones WHERE number = ?", (phone,))
    found = _listed(mock, "WHERE messages.number = ? ORDER BY messages.id DESC", (phone,), limit)
    return {"to": phone, "count": count[0] if count else 0, "messages": found}


def _hits(mock: Mock, query: str, limit: int) -> Rows:
    ids = set(_text_ids(mock, query, limit))
    digits = re.sub(r"[\s()+.-]", "", query)
    if digits.isdecimal():
        ids.update(_phone_ids(mock, re.sub(r"^(00|0(?=[789]))", lambda zero: "234" if zero[0] == "0" else "", digits)))
    newest = sorted(ids, reverse=True)[:limit]
    return _by_id(mock, dict.fromkeys(newest, 1))


def _text_ids(mock: Mock, query: str, limit: int) -> list[int]:
    if len(query) >= INDEXED_CHARACTERS:
        phrase = '"' + query.replace('"', '""') + '"'
        sql = "SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY rowid DESC LIMIT ?"
        sends = mock.store.rows(sql, (phrase, limit))
    else:
        scanned = "SELECT id, msg FROM sends ORDER BY id DESC LIMIT ?"
        sql = f"SELECT id FROM ({scanned}) WHERE instr(lower(msg), lower(?)) LIMIT ?"  # noqa: S608 - constant
        sends = mock.store.rows(sql, (SCANNED, query, limit))
    marks = ", ".join("?" * len(sends))
    newest = "SELECT max(id) FROM messages WHERE send_id = sends.id"
    sql = f"SELECT ({newest}) FROM sends WHERE id IN ({marks})"  # noqa: S608 - question marks
    return [row[0] for row in mock.store.rows(sql, [row[0] for row in sends])]


def _phone_ids(mock: Mock, digits: str) -> list[int]:
    newest = "SELECT number, last_id FROM phones ORDER BY last_id DESC LIMIT ?"
    sql = f"""
        SELECT last_id FROM ({newest}) WHERE instr(number, ?)
        UNION SELECT last_id FROM (SELECT last_id FROM phones WHERE number >= ? AND number < ? LIMIT ?)
        UNION SELECT last_id FROM (SELECT last_id FROM phones WHERE reversed >= ? AND reversed < ? LIMIT ?)"""  # noqa: S608
    turned = digits[::-1]
    # A colon follows 9.
    values = (SCANNED, digits, digits, digits + ":", MANY, turned, turned + ":", MANY)
    return [row[0] for row in mock.store.rows(sql, values)]


def _calls(mock: Mock, limit: int) -> Rows:
    found = mock.calls.listed("ORDER BY id DESC", (), limit)
    for call in found:
        if call["answer"] and len(call["answer"]) > SHOWN_ANSWER:
            call["answer"] = call["answer"][:SHOWN_ANSWER] + " …"
        to = call["parameters"].get("to", "")
        if to.count(",") > 2:
            call["parameters"]["to"] = ",".join(to.split(",")[:3]) + f" … ({to.count(',') + 1} numbers)"
    return found


def _count(mock: Mock) -> int:
    ids = mock.store.row("SELECT (SELECT max(id) FROM messages) - (SELECT min(id) FROM messages) + 1") or (0,)
    return ids[0] or 0


def _balance(mock: Mock) -> list[tuple[str, int | float]]:
    last = (mock.store.row("SELECT max(id) FROM ledger") or (0,))[0] or 0
    step = max(1, last / PLOT_POINTS)
    ids = sorted({last, *(round(1 + step * point) for point in range(PLOT_POINTS) if 1 + step * point <= last)})
    marks = ", ".join("?" * len(ids))
    sql = f"SELECT at, balance FROM ledger WHERE id IN ({marks}) ORDER BY id"  # noqa: S608 - question marks
    return [(iso(at), json_money(Decimal(balance))) for at, balance in mock.store.rows(sql, ids)]
