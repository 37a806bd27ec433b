"""What is to be done about each record of a batch, and which of it goes into one call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kobo_sms.aws.stream_records import read_change
from kobo_sms.events.status_events import StatusEvent, status_events
from kobo_sms.optouts.entries import do_not_disturb_entries
from kobo_sms.table import Item

# PutEvents: at most 10 entries, and 256 KB in all.
MOST_EVENTS, MOST_BYTES = 10, 250_000
# Look-up entries that are written together, unless one part has more: as many as a part may have.
MOST_ENTRIES = 500


@dataclass(frozen=True)
class Prepared:
    """What is to be done about the record at a place: its events, the part if it is a new one, and the entries that
    note who turned out to be do-not-disturb."""

    at: int
    record: Mapping[str, Any]
    events: Sequence[StatusEvent]
    new_part: Item | None
    notes: Sequence[Item] = ()


@dataclass(frozen=True)
class Placed:
    """An event, and the record that it tells of."""

    origin: Prepared
    event: StatusEvent


@dataclass(frozen=True)
class NewPart:
    """A part that is to be found by its numbers, and the record that it is new by."""

    origin: Prepared
    item: Item


def prepare(at: int, record: Mapping[str, Any]) -> Prepared:
    """Return what is to be done about the record at a place. Whatever it raises, the record is at fault."""
    change = read_change(record)
    if change.new is None:
        return Prepared(at, record, (), None)
    events = status_events(change.event_id, change.old, change.new)
    notes = list(do_not_disturb_entries(change.old, change.new))
    return Prepared(at, record, events, change.new if change.old is None else None, notes)


def calls(prepared: Iterable[Prepared]) -> Iterator[list[Placed]]:
    """Divide the events into calls, in order: as large as PutEvents takes, none with two events of one part."""
    call: list[Placed] = []
    parts: set[tuple[str, str]] = set()
    size = 0
    for placed in (Placed(each, event) for each in prepared for event in each.events):
        event = placed.event
        if call and (len(call) == MOST_EVENTS or event.part in parts or size + event.size > MOST_BYTES):
            yield call
            call, parts, size = [], set(), 0
        call.append(placed)
        parts.add(event.part)
        size += event.size
    if call:
        yield call


def told_in(call: Iterable[Placed]) -> Iterator[NewPart]:
    """Return the new parts all of whose events are out once this call is."""
    for placed in call:
        item = placed.origin.new_part
        if item is not None and placed.event is placed.origin.events[-1]:
            yield NewPart(placed.origin, item)


def noted_in(call: Iterable[Placed]) -> list[Prepared]:
    """Return the records with notes to be written all of whose events are out once this call is."""
    return [placed.origin for placed in call if placed.origin.notes and placed.event is placed.origin.events[-1]]


def together(parts: Iterable[NewPart]) -> Iterator[list[NewPart]]:
    """Divide parts into groups whose look-up entries are written together."""
    group: list[NewPart] = []
    size = 0
    for part in parts:
        count = len(part.item["recipients"])
        if group and size + count > MOST_ENTRIES:
            yield group
            group, size = [], 0
        group.append(part)
        size += count
    if group:
        yield group
