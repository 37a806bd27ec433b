"""Publishing what changed in the table: each change of a state at least once, those of one part in order (guarantee 8).

The table's stream is the outbox: what is not published yet is handed out again. Events go out in the order of the
stream, and no call holds two of one part, as EventBridge may take the second of a call and refuse the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kobo_sms.aws.stream_records import keys_of, sequence_of
from kobo_sms.errors import OutOfTime
from kobo_sms.events.bus import EventBus, is_passing
from kobo_sms.events.lookup import Lookup
from kobo_sms.events.prepared import NewPart, Placed, Prepared, calls, noted_in, prepare, together, told_in
from kobo_sms.events.published import Published
from kobo_sms.events.status_events import StatusEvent
from kobo_sms.events.unpublished import Unpublished
from kobo_sms.optouts.do_not_disturb import DoNotDisturbNotes
from kobo_sms.runtime import Deadline

# What a call with its repetitions, and the look-up entries that are written together, may take at the worst.
_LONGEST_CALL, _LONGEST_LOOK_UP = 20.0, 18.0


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
        for call in calls(each for each in prepared if done.goes_on(each.at)):
            # What comes before the place where it stopped does not come again.
            if not done.goes_on(call[0].origin.at):
                break
            self._put(call, deadline, done)
            for parts in together(told_in(call)):
                self._look_up([each for each in parts if done.goes_on(each.origin.at)], deadline, done)
            self._note([each for each in noted_in(call) if done.goes_on(each.at)], deadline, done)
        return done

    def _prepare(self, records: Sequence[Mapping[str, Any]], done: Published) -> list[Prepared]:
        prepared = []
        for at, record in enumerate(records):
            try:
                prepared.append(prepare(at, record))
            except Exception as error:  # noqa: BLE001 - it is in the queue of the unpublished
                # Our own code failed over what is in this record, and would do so again.
                self._keep(at, record, type(error).__name__, None, done)
        return prepared

    def _put(self, call: Sequence[Placed], deadline: Deadline, done: Published) -> None:
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

    def _look_up(self, parts: Sequence[NewPart], deadline: Deadline, done: Published) -> None:
        """Write the look-up entries of new parts."""
        if self._lookup is None or not parts:
            return
        first = parts[0].origin
        try:
            _require(deadline, _LONGEST_LOOK_UP)
            self._lookup.add([each.item for each in parts])
        except Exception as error:  # noqa: BLE001 - it is in the result, or in the queue of the unpublished
            if is_passing(error):
                done.stop(first.at, error)
            elif len(parts) == 1:
                self._keep(first.at, first.record, f"look-up: {type(error).__name__}", None, done)
            else:
                # The content of one of them is at fault: it must not take the others with it.
                for each in parts:
                    self._look_up([each], deadline, done)

    def _note(self, origins: Sequence[Prepared], deadline: Deadline, done: Published) -> None:
        """Write down who turned out to be do-not-disturb."""
        if self._notes is None or not origins:
            return
        try:
            _require(deadline, _LONGEST_LOOK_UP)
            self._notes.add(note for origin in origins for note in origin.notes)
        except Exception as error:  # noqa: BLE001 - it is in the result, or in the queue of the unpublished
            if is_passing(error):
                done.stop(origins[0].at, error)
                return
            for each in origins:
                self._keep(each.at, each.record, f"do-not-disturb: {type(error).__name__}", None, done)

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
