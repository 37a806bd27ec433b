"""How the rows of `kobo why` look in a terminal: a line each, and below it why."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from rich.console import Console
from rich.markup import escape

from kobo_cli.reports.tables import coloured
from kobo_cli.reports.why.rows import Row, Say

_INDENT = "    "


def print_rows(console: Console, rows: Sequence[Row], say: Say) -> None:
    """Print the rows; their moments stand in one column."""
    moments = [say(row.at) for row in rows]
    width = max(map(len, moments), default=0)
    for row, moment in zip(rows, moments, strict=True):
        answer = f" [bold]{escape(row.answer)}[/]" if row.answer else ""
        state = f" → {coloured(row.state)}" if row.state and row.state not in row.what else ""
        console.print(f"{moment:<{width}}  {escape(row.what)}{answer}{state}", highlight=False)
        for line in wrap(row.why or "", console.width, initial_indent=_INDENT, subsequent_indent=_INDENT):
            console.print(escape(line), highlight=False, soft_wrap=True)
