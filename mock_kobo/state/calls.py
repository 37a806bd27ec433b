"""The log of HTTP calls on the API. No password gets into it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mock_kobo.rules.parameters import DOCUMENTED
from mock_kobo.state.account import MASK
from mock_kobo.state.clock import iso

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mock_kobo.state.store import Store

CALL_COLUMNS = "id, at, endpoint, method, parameters, http_status, answer, outcome, reason, fault"


@dataclass(slots=True)
class Call:
    """One HTTP call: `answer` and `http_status` are what went back, None if nothing did that can be read."""

    at: float
    endpoint: str
    method: str
    parameters: dict[str, str]
    outcome: str
    reason: str = ""
    http_status: int | None = None
    answer: str | None = None
    fault: str | None = None


def masked(parameters: dict[str, str]) -> dict[str, str]:
    """Return parameters fit to be shown: no password, and no value whose name we don't know, for it may be one."""
    return {name: value if name in DOCUMENTED and name != "pass" else MASK for name, value in parameters.items()}


class Calls:
    """The calls in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, call: Call) -> None:
        """Log one call."""
        sql = (
            "INSERT INTO calls (at, endpoint, method, parameters, http_status, answer, outcome, reason, fault)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        parameters = json.dumps(masked(call.parameters))
        answered = (call.http_status, call.answer, call.outcome, call.reason, call.fault)
        with self._store.together():
            self._store.later(sql, [(call.at, call.endpoint, call.method, parameters, *answered)])

    def listed(self, where: str, values: Iterable[Any], limit: int) -> list[dict[str, Any]]:
        """Return at most `limit` calls, in the words of the control API; `where` is SQL of this package."""
        sql = f"SELECT {CALL_COLUMNS} FROM calls {where} LIMIT ?"  # noqa: S608 - no text of a caller's
        return [_call_json(row) for row in self._store.rows(sql, (*values, limit))]

    def clear(self) -> None:
        """Forget every call."""
        self._store.clear("calls")


def _call_json(row: tuple[Any, ...]) -> dict[str, Any]:
    shown = dict(zip(CALL_COLUMNS.split(", "), row, strict=True))
    return shown | {"at": iso(shown["at"]), "parameters": json.loads(shown["parameters"])}
