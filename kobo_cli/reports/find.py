"""What `kobo find` prints: what was sent to a number, a row a part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kobo_cli.reports.tables import coloured
from kobo_sms.messages.recipients import recipients_of
from kobo_sms.table import iso

_TEXT = 40


def rows_of(number: str, items: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield a row for each part that the number is in; of a part that was split, only the smaller parts are shown."""
    for item in items:
        recipient = recipients_of(item).get(number)
        if recipient is not None and not recipient.moved_on:
            yield {
                "id": item["id"],
                "part": item["part"],
                "at": iso(item["created_at"]),
                "from": item["from"],
                "state": recipient.state,
                "report": recipient.report,
                "reason": recipient.reason,
                "text": item.get("text"),
            }


def print_rows(console: Console, rows: Iterable[Mapping[str, Any]]) -> None:
    """Print the rows as a table, long texts cut."""
    table = Table("queued", "id", "from", "state", "why", "text", box=None, pad_edge=False)
    for row in rows:
        why = row["reason"] or row["report"] or ""
        cells = (row["at"], row["id"], row["from"])
        table.add_row(*map(escape, cells), coloured(row["state"]), escape(why), escape(_shortened(row["text"])))
    console.print(table)


def _shortened(text: str | None) -> str:
    if text is None:
        return "(not kept)"
    line = " ".join(text.split())
    return line if len(line) <= _TEXT else f"{line[: _TEXT - 1]}…"
