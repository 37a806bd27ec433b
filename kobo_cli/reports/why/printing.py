"""How the rows of `kobo why` look in a terminal: a line each, and below it why."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from kobo_cli.reports.tables import coloured
from kobo_cli.reports.why.rows import Row, Say

_INDENT = 4


def print_rows(console: Console, rows: Sequence[Row], say: Say) -> None:
    """Print the rows; their moments stand in one column."""
    moments = [say(row.at) for row in rows]
    width = max(map(len, moments), default=0)
    for row, moment in zip(rows, moments, strict=True):
        answer = f" [bold]{escape(row.answer)}[/]" if row.answer else ""
        state = f" → {coloured(row.state)}" if row.state and row.state not in row.what else ""
        console.print(f"{moment:<{width}}  {escape(row.what)}{answer}{state}", highlight=False)
        if row.why:
            console.print(Padding(escape(row.why), (0, 0, 0, _INDENT), expand=False), highlight=False)
