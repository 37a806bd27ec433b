"""What `kobo dead list` prints: the letters, grouped by why they are dead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kobo_cli.dead.letters import Letter
from kobo_cli.terminal import on_one_line
from kobo_sms.credit.wording import length, moment_in_words, plural
from kobo_sms.table import iso

Row = dict[str, Any]
ROWS = 5


def row_of(letter: Letter) -> Row:
    """Return what `kobo dead list --json` says of a letter."""
    return {
        "id": letter.request_id,
        "part": letter.part,
        "reason": letter.reason,
        "at": iso(letter.sent_at),
        "lane": letter.lane,
        "attempts": letter.attempts,
    }


def grouped(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Return the rows by their reason, the largest group first, the oldest row of each first."""
    groups: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row["at"], row["id"], row["part"] or "")):
        groups.setdefault(row["reason"], []).append(row)
    return dict(sorted(groups.items(), key=lambda group: -len(group[1])))


def print_groups(console: Console, groups: Mapping[str, Sequence[Row]], now: float, *, everything: bool) -> None:
    """Print each group: its reason, how many and how old, and its first rows, or `everything`."""
    for reason, rows in groups.items():
        console.print(
            f"{plural(len(rows), 'letter')}: {on_one_line(reason)}", markup=False, style="bold", highlight=False
        )
        console.print(f"  died {_ages(rows, now)}", highlight=False)
        kept = rows if everything else rows[:ROWS]
        console.print(_table(kept, now))
        if len(kept) < len(rows):
            console.print(f"  ... and {len(rows) - len(kept):,} more (--all, or --json)", highlight=False)
        console.print()


def _table(rows: Iterable[Row], now: float) -> Table:
    table = Table("  id", "part", "lane", "attempts", "died", box=None, pad_edge=False)
    for row in rows:
        attempts = "" if row["attempts"] is None else str(row["attempts"])
        cells = (f"  {row['id']}", row["part"] or "", row["lane"] or "", attempts, moment_in_words(_at(row), now))
        table.add_row(*map(escape, cells))
    return table


def _ages(rows: Sequence[Row], now: float) -> str:
    oldest, newest = (length(max(0.0, now - _at(rows[at]))) for at in (0, -1))
    return f"{oldest} ago" if oldest == newest else f"between {oldest} and {newest} ago"


def _at(row: Row) -> float:
    return datetime.fromisoformat(row["at"]).timestamp()
