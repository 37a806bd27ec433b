"""A row of what `kobo why` tells, and how moments are said in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kobo_sms.table import iso

Item = Mapping[str, Any]
# Says a moment (epoch seconds): in words for people, in ISO 8601 for programs.
Say = Callable[[float], str]


@dataclass(frozen=True)
class Row:
    """What happened `at` (epoch seconds), KoboMobile's `answer`, the `state` it led to, and `why`, in words."""

    at: float
    what: str
    answer: str | None = None
    state: str | None = None
    why: str | None = None

    def shown(self) -> dict[str, str | None]:
        """Return the row as `--json` prints it."""
        return {"at": iso(self.at), "what": self.what, "answer": self.answer, "state": self.state, "why": self.why}


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Return rows by time; those of one moment stay as they came."""
    return sorted(rows, key=lambda row: round(row.at, 3))


def joined(*texts: str | None) -> str | None:
    """Return texts as one, what is empty left out; None if all are."""
    return "; ".join(filter(None, texts)) or None
