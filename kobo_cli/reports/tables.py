"""How a status looks in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kobo_sms.messages.states import State

_COLOURS: dict[str, str] = {
    State.DELIVERED: "green",
    State.SENT: "cyan",
    State.HELD: "yellow",
    State.QUEUED: "yellow",
    State.SENDING: "yellow",
    State.REJECTED: "red",
    State.FAILED: "red",
    State.UNDELIVERED: "red",
    State.EXPIRED: "red",
    State.DO_NOT_DISTURB: "magenta",
    State.CANCELLED: "magenta",
    State.UNKNOWN: "magenta",
}
_WAITS: dict[str, str] = {
    State.QUEUED: "waiting for its turn or its next attempt",
    State.HELD: "waiting; tried again by itself",
    State.SENDING: "an attempt is under way, or its outcome is unknown and it is tried again",
    State.SENT: "waiting for the delivery report",
}
ROWS = 20


def coloured(state: str, text: str | None = None) -> str:
    """Return a state, or `text` about it, in the state's colour, as rich markup."""
    colour, text = _COLOURS.get(state), state if text is None else text
    return f"[{colour}]{text}[/]" if colour and text else text


def summarise(counts: Mapping[str, int]) -> str:
    """Return the counts of a status in one line of rich markup: `1,198 delivered, 2 undelivered`."""
    return ", ".join(f"{count:,} {coloured(state)}" for state, count in counts.items()) or "nothing known yet"


def explain(recipient: Mapping[str, Any]) -> str:
    """Return why a recipient is in its state, or what it waits for."""
    waits = _WAITS.get(recipient["state"], "") if recipient["state"] != State.SENT or recipient["msgid"] else ""
    return "; ".join(filter(None, (recipient["reason"], waits)))


def print_status(console: Console, status: Mapping[str, Any], *, everything: bool = False) -> None:
    """Print one request: its counts, then its recipients, at most 20 of them unless `everything` is asked for."""
    pages = f"{status['pages']} page{'s' if status['pages'] > 1 else ''}"
    console.print(f"[bold]{status['id']}[/]  from {escape(status['from'])}, {pages}, queued {status['created_at']}")
    if status["reference"]:
        console.print(f"reference: {status['reference']}", markup=False)
    if status["campaign"]:
        console.print(f"campaign: {status['campaign']}", markup=False)
    console.print(summarise(status["counts"]))
    shown: Sequence[Mapping[str, Any]] = status["recipients"] if everything else status["recipients"][:ROWS]
    table = Table("to", "state", "report", "why", box=None, pad_edge=False)
    for recipient in shown:
        # A number that cannot be sent to is anything that the producer wrote.
        cells = [escape(each or "") for each in (recipient["to"], recipient["report"], explain(recipient))]
        table.add_row(cells[0], coloured(recipient["state"]), *cells[1:])
    console.print(table)
    if len(shown) < len(status["recipients"]):
        console.print(f"... and {len(status['recipients']) - len(shown):,} more (--all, or --json)")
