"""Publishing what changed in the table: each change of a state at least once, those of one part in order (guarantee 8).

The table's stream is the outbox: what is not published yet is handed out again. Events go out in the order of the
stream, and no call holds two of one part, as EventBridge may take the second of a call and refuse the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kobo_sms.aws.stream_records import keys_of, read_change, sequence_of
from kobo_sms.errors import OutOfTime
from kobo_sms.events.bus import MOST_BYTES, MOST_EVENTS, EventBus, is_passing
from kobo_sms.events.lookup import Lookup
from kobo_sms.events.published import Published
from kobo_sms.events.status_events import StatusEvent, status_events
from kobo_sms.events.unpublished import Unpublished
from kobo_sms.optouts.do_not_disturb import DoNotDisturbNotes
from kobo_sms.runtime import Deadline
from kobo_sms.table import Item

# What a call with its repetitions, and the entries that are written of a part, may take at the worst.
_LONGEST_CALL, _LONGEST_ENTRIES = 20.0, 18.0


@dataclass(frozen=True)
class _Prepared:
    """What is to be done about the record at a place: its events, and the part as it was, None if new, and as it is."""

    at: int
    record: Mapping[str, Any]
    events: Sequence[StatusEvent]
    old: Item | None = None
    new: Item | None = None


@dataclass(frozen=True)
class _Placed:
    """An event, and the record that it tells of."""

    origin: _Prepared
    event: StatusEvent


class Publisher:
    """Publishes batches of stream records; `lookup` is None when nobody looks numbers up."""

    def __init__(
        self, bus: EventBus, unpublished: Unpublished, lookup: Lookup | None, notes: DoNotDisturbNotes | None = None
    ) -> None:
        self._bus = bus
        self._unpublished = unpublished
        self._lookup = lookup
        self._notes = notes

    def publish(self, records: Sequence[Mapping[str, Any]], deadline: Deadline) -> Published:
        """Publish what `records` tell, up to the first that cannot be published for now.

        Nothing is raised: the result tells what went wrong, and where to begin again. A record that nobody will ever
        be able to publish goes to the queue of the unpublished, and the others go on.
        """
        done = Published([sequence_of(record) for record in records])
        prepared = self._prepare(records, done)
        for call in _calls([each for each in prepared if done.goes_on(each.at)]):
            # What comes before the place where it stopped does not come again.
            if not done.goes_on(call[0].origin.at):
                break
            self._put(call, deadline, done)
            for each in call:
                self._write_entries(each, deadline, done)
        return done

    def _prepare(self, records: Sequence[Mapping[str, Any]], done: Published) -> list[_Prepared]:
        prepared = []
        for at, record in enumerate(records):
            try:
                prepared.append(_prepared(at, record))
            except Exception as error:  # noqa: BLE001 - it is in the queue of the unpublished
                # Our own code failed over what is in this record, and would do so again.
                self._keep(at, record, type(error).__name__, None, done)
        return prepared

    def _put(self, call: Sequence[_Placed], deadline: Deadline, done: Published) -> None:
        try:
            _require(deadline, _LONGEST_CALL)
            malformed = self._bus.put([each.event for each in call])
        except Exception as error:  # noqa: BLE001 - it is in the result, and the record comes again
            done.stop(call[0].origin.at, error)
            return
        done.events += len(call) - len(malformed)
        for each in call:
            for event, code in malformed:
                if event is each.event:
                    self._keep(each.origin.at, each.origin.record, code, event, done)

    def _write_entries(self, placed: _Placed, deadline: Deadline, done: Published) -> None:
        """Write the look-up entries of a new part, and who turned out to be do-not-disturb, once the last event of the
        record is published."""
        origin = placed.origin
        if origin.new is None or placed.event is not origin.events[-1] or not done.goes_on(origin.at):
            return
        try:
            if self._lookup is not None and origin.old is None:
                _require(deadline, _LONGEST_ENTRIES)
                self._lookup.add(origin.new)
            if self._notes is not None and (notes := self._notes.of(origin.old, origin.new)):
                _require(deadline, _LONGEST_ENTRIES)
                self._notes.add(notes)
        except Exception as error:  # noqa: BLE001 - it is in the result, or in the queue of the unpublished
            if is_passing(error):
                done.stop(origin.at, error)
            else:
                self._keep(origin.at, origin.record, f"look-up: {type(error).__name__}", None, done)

    def _keep(self, at: int, record: Mapping[str, Any], error: str, event: StatusEvent | None, done: Published) -> None:
        """Keep what cannot be published; if not even that works, the record comes again."""
        if not done.goes_on(at):
            return
        try:
            request_id, part = keys_of(record)
            self._unpublished.keep(request_id, part, sequence_of(record), error, event.detail if event else None)
            done.unpublishable += 1
        except Exception as failure:  # noqa: BLE001 - it is in the result, and the record comes again
            done.stop(at, failure)


def _require(deadline: Deadline, seconds: float) -> None:
    if not deadline.allows(seconds):
        raise OutOfTime("the rest is for the next invocation")


def _prepared(at: int, record: Mapping[str, Any]) -> _Prepared:
    change = read_change(record)
    if change.new is None:
        return _Prepared(at, record, ())
    return _Prepared(at, record, status_events(change.event_id, change.old, change.new), change.old, change.new)


def _calls(prepared: Sequence[_Prepared]) -> Iterator[list[_Placed]]:
    """Divide the events into calls, in order: as large as PutEvents takes, none with two events of one part."""
    call: list[_Placed] = []
    parts: set[tuple[str, str]] = set()
    size = 0
    for placed in (_Placed(each, event) for each in prepared for event in each.events):
        event = placed.event
        if call and (len(call) == MOST_EVENTS or event.part in parts or size + event.size > MOST_BYTES):
            yield call
            call, parts, size = [], set(), 0
        call.append(placed)
        parts.add(event.part)
        size += event.size
    if call:
        yield call
