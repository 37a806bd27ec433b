"""What happened to a request, or to one of its numbers, put together from the items of its parts and of the valve."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kobo_cli.reports.why import words
from kobo_cli.reports.why.asking import report_rows
from kobo_cli.reports.why.attempts import attempt_rows
from kobo_cli.reports.why.ends import end_rows, ended_at, has_ended, next_rows
from kobo_cli.reports.why.rows import Item, Row, Say, in_order, joined
from kobo_cli.reports.why.valve import Closure, closure_rows, closures
from kobo_sms.credit.wording import plural
from kobo_sms.messages import states
from kobo_sms.messages.lanes import LANES
from kobo_sms.messages.packing import unpack_numbers
from kobo_sms.messages.parts import MAX_NUMBERS
from kobo_sms.messages.recipients import Recipient, recipients_of
from kobo_sms.messages.states import State
from kobo_sms.sending.attempts import attempts_of
from kobo_sms.valve.store import ValveSnapshot


@dataclass(frozen=True)
class _Part:
    """A part's item and those of its recipients that are asked about."""

    item: Item
    recipients: Sequence[Recipient]

    @property
    def name(self) -> str:
        """The part's name: `0.1`."""
        name: str = self.item["part"]
        return name

    @property
    def split_at(self) -> float | None:
        """When its recipients moved on to smaller parts, None if they did not."""
        if self.item["state"] != State.SPLIT:
            return None
        split = [each.at for each in attempts_of(self.item).ended if each.state == State.SPLIT]
        # Older releases did not remember when they split what was too large from the beginning.
        return split[-1] if split else float(self.item["created_at"])


def holds(items: Sequence[Item], number: str) -> bool:
    """Tell whether any of the parts holds, or held, `number`."""
    return any(number in recipients_of(item) for item in items)


def tell(items: Sequence[Item], valve: ValveSnapshot, number: str | None, now: float, say: Say) -> list[Row]:
    """Return the rows of the request whose parts `items` are, or of those that held `number`, in order."""
    parts = {item["part"]: _Part(item, _concerned(item, number)) for item in sorted(items, key=_place)}
    told = {name: part for name, part in parts.items() if number is None or part.recipients}
    found, several = closures(valve), len(parts) > 1
    of_parts = [
        row
        for part in told.values()
        for row in _named(part.name, _of_part(part, parts, found, now, say), several=several)
    ]
    queued = [row for part in told.values() for row in _not_taken(part, parts, number)]
    waited_until = now if queued else max(_waits_until(part, now) for part in told.values())
    return in_order([*_of_valve(told.values(), found, waited_until, say), *of_parts, *queued])


def _of_part(part: _Part, parts: Mapping[str, _Part], found: Sequence[Closure], now: float, say: Say) -> Iterator[Row]:
    item, recipients = part.item, part.recipients
    parent = parts.get(part.name.rpartition(".")[0])
    queued_at = (parent.split_at if parent else None) or float(item["created_at"])
    ended = len(recipients) == 1 and has_ended(recipients[0])
    # What happened to others of the part after that does not concern it.
    until = ended_at(item, recipients[0]) if ended else math.inf
    yield Row(queued_at, "queued", state=State.QUEUED, why=_why_queued(item, parent))
    rows = [*attempt_rows(item, queued_at, found, now, say), *report_rows(item, say)]
    yield from (row for row in rows if row.at <= until)
    yield from end_rows(item, recipients)
    yield from next_rows(item, recipients, found, now, say)


def _why_queued(item: Item, parent: _Part | None) -> str | None:
    count = words.numbers(len(recipients_of(item)))
    if parent is not None:
        return f"{count} of part {parent.name}"
    return joined(f"{count}, {plural(int(item['pages']), 'page')} each", f"from {item['from']}")


def _not_taken(part: _Part, parts: Mapping[str, _Part], number: str | None) -> Iterator[Row]:
    """Yield the smaller parts that are queued, but were not taken from the queue yet."""
    if part.split_at is None or not any(each.moved_on for each in part.recipients):
        return
    packed = part.item.get("numbers")
    count = -(-len(unpack_numbers(packed)) // MAX_NUMBERS) if packed is not None else 2
    names = [f"{part.name}.{at}" for at in range(count)]
    missing = [name for name in names if name not in parts]
    if not missing or (number is not None and any(parts[name].recipients for name in names if name in parts)):
        return
    why = "not taken from the queue yet"
    if number is None or len(missing) == 1:
        yield from (Row(part.split_at, f"part {name}: queued", state=State.QUEUED, why=why) for name in missing)
    else:
        which = f"in one of the parts {missing[0]} to {missing[-1]}, {why}"
        yield Row(part.split_at, "queued", state=State.QUEUED, why=which)


def _of_valve(parts: Iterable[_Part], found: Sequence[Closure], end: float, say: Say) -> Iterator[Row]:
    """Yield what the valve did from the queueing of the request to `end`."""
    items = [part.item for part in parts]
    lanes = {lane for item in items for lane in attempts_of(item).lanes} or set(LANES)
    return closure_rows(found, lanes, min(float(item["created_at"]) for item in items), end, say)


def _waits_until(part: _Part, now: float) -> float:
    """Return until when a part has waited for its lane."""
    ended = attempts_of(part.item).ended
    if part.item["state"] in states.OPEN:
        return now
    return ended[-1].claimed_at or ended[-1].at if ended else float(part.item["created_at"])


def _named(name: str, rows: Iterator[Row], *, several: bool) -> Iterator[Row]:
    for row in rows:
        yield replace(row, what=f"part {name}: {row.what}") if several else row


def _concerned(item: Item, number: str | None) -> list[Recipient]:
    return [each for each in recipients_of(item).values() if number in (None, each.to)]


def _place(item: Item) -> list[int]:
    return [int(step) for step in item["part"].split(".")]
