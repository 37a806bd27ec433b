"""kobo stats: what became of the messages of some hours, and how long they took."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kobo_cli.connection import connect, stack_options
from kobo_cli.console import SafeConsole
from kobo_cli.reports.stats import build
from kobo_cli.reports.tables import coloured
from kobo_cli.terminal import to_json

_UNITS = {"m": 60.0, "h": 3600.0, "d": 86_400.0}
_WIDTH = 30
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def parse_since(_context: click.Context, _parameter: click.Parameter, value: str) -> float:
    """Return `90m`, `24h` or `7d` in seconds. Raises BadParameter for anything else."""
    match = re.fullmatch(r"([1-9][0-9]{0,5})([mhd])", value)
    if match is None:
        raise click.BadParameter(f"{value!r} is no length of time: write it like 90m, 24h or 7d")
    return int(match[1]) * _UNITS[match[2]]


@click.command("stats")
@click.option("--since", default="24h", show_default=True, metavar="TIME", callback=parse_since, help="90m, 24h, 7d.")
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
@stack_options
def command(since: float, as_json: bool, stack: str | None, local: bool) -> None:
    """Show delivery statistics: what became of the messages whose reports came in lately, why, and how long they took.

    \b
    Example: kobo stats --since 7d --stack my-stack
    """
    from kobo_sms.reports.store import StatsStore

    connection = connect(stack, local)
    store = StatsStore(connection.dynamodb, connection.variables["KOBO_TABLE"], keep_seconds=0)
    stats = build(store.since(time.time() - since))
    if as_json:
        click.echo(to_json(stats))
    else:
        print_stats(SafeConsole(), stats, blocks=_writes_blocks())


def print_stats(console: Console, stats: Mapping[str, Any], *, blocks: bool) -> None:
    """Print the tables, their bars of Unicode blocks or of plain characters."""
    total = stats["recipients"]
    if not total:
        console.print("no reports have come in since then")
        return
    console.print(f"{total:,} recipients with a final report")
    states = [(coloured(state), count) for state, count in stats["states"].items()]
    _shares(console, "state", states, blocks)
    reasons = [(each["means"], each["recipients"]) for each in stats["reasons"]]
    _shares(console, "not delivered because", reasons, blocks)
    for name in ("network", "sender"):
        rows = [(each[name], each["recipients"], each["delivered"]) for each in stats[f"{name}s"]]
        _delivered(console, name, rows, blocks)
    _times(console, stats["seconds_to_delivered"], blocks)


def bar(share: float, width: int, *, blocks: bool) -> str:
    """Return a bar of `width` characters for a share of 1, to an eighth of a block; nothing only for nothing."""
    if not blocks:
        return "#" * max(round(share * width), 1 if share > 0 else 0)
    eighths = max(round(share * width * 8), 1 if share > 0 else 0)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _shares(console: Console, title: str, rows: list[tuple[str, float]], blocks: bool) -> None:
    """Print what each row is of the whole."""
    if not rows:
        return
    table, total = _new_table(title, "recipients", "", ""), sum(count for _, count in rows)
    for name, count in rows:
        table.add_row(name, f"{count:,.0f}", f"{count / total:.1%}", bar(count / total, _WIDTH, blocks=blocks))
    console.print(table, "")


def _delivered(console: Console, title: str, rows: list[tuple[str, int, int]], blocks: bool) -> None:
    """Print how much of each row was delivered."""
    table = _new_table(title, "recipients", "delivered", "")
    for name, count, delivered in rows:
        share = delivered / count
        # A sender ID may look like markup.
        table.add_row(escape(name), f"{count:,}", f"{share:.1%}", bar(share, _WIDTH, blocks=blocks))
    console.print(table, "")


def _times(console: Console, times: Mapping[str, Any], blocks: bool) -> None:
    if times["median"] is None:
        return
    _shares(console, "sent to delivered", [(row["took"], row["delivered"]) for row in times["histogram"]], blocks)
    console.print(f"half within {_duration(times['median'])}, 90 % within {_duration(times['ninety_percent'])}")
    console.print("[dim]as close as the questions tell: a report becomes final between two of them[/]")


def _new_table(title: str, *columns: str) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False)
    table.add_column(title, min_width=18)
    for column in columns[:2]:
        table.add_column(column, justify="right")
    table.add_column(columns[2])
    return table


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _writes_blocks() -> bool:
    try:
        _EIGHTHS.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
