"""What must hold of all that was told of a table's stream (guarantee 8), however it came to be told."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

from tests.robustness.telling.changes import Change, Key, States, changes_of, entries_for, key_of, parts_in, states_of
from tests.robustness.telling.outside import ENTRY, EVENT, NOTE
from tests.robustness.telling.stream import Image, TableStream, sequence_of

_UNWILLING = "do_not_disturb"


def broken(
    stream: TableStream, log: Iterable[tuple[str, Any]], items: Iterable[Image], secrets: Collection[str] = ()
) -> list[str]:
    """Return what does not hold.

    Parameters
    ----------
    log
        What the outside took (Outside.log).
    items
        The parts as they are in the table in the end.
    secrets
        Texts that are not in the table; those that are there are looked for too.
    """
    told = Told(stream, items, secrets)
    take: dict[str, Callable[[Any], None]] = {EVENT: told.take_event, ENTRY: told.take_entry, NOTE: told.take_note}
    for kind, what in log:
        take[kind](what)
    return [*told.problems, *told.gaps(), *told.ends(), *told.not_looked_up(), *told.suggestions()]


class Told:
    """The events of each part without repetitions, what they say of each recipient, and what is noted as untold."""

    def __init__(self, stream: TableStream, items: Iterable[Image], secrets: Collection[str]) -> None:
        self.problems: list[str] = []
        self._stream, self._changes = stream, changes_of(stream)
        self._items = {(item["id"]["S"], item["part"]["S"]): item for item in items}
        self._secrets = secrets
        self._first: dict[str, str] = {}
        self._events: dict[Key, list[tuple[str, States]]] = defaultdict(list)
        self._states: dict[Key, States] = defaultdict(dict)
        self._entries: set[tuple[str, str]] = set()
        self._suggested: set[str] = set()
        self._noted: set[str] = set()

    def take_event(self, text: str) -> None:
        """Take in an event; the first of an `event_id` counts, any other must be the same."""
        detail = json.loads(text)
        name, key = detail["event_id"], (detail["id"], detail["part"])
        if name in self._first:
            if self._first[name] != text:
                self.problems.append(f"{key}: event_id {name} names two events")
            return
        self._first[name] = text
        states = {each["to"]: each["state"] for each in detail["recipients"]}
        self._events[key].append((detail["at"], states))
        self._states[key] |= states
        own = self._items[key].get("text", {}).get("S") if key in self._items else None
        self._require_no_text(text, [*self._secrets, *([own] if own else [])])

    def take_note(self, note: Any) -> None:
        """Take in what the queue of the unpublished got, from publish_status or from Lambda."""
        self._require_no_text(json.dumps(note, ensure_ascii=False), self._secrets)
        if "sequence" in note:
            self._noted.add(note["sequence"])
            return
        info = note["DDBStreamBatchInfo"]
        ends = info["startSequenceNumber"], info["endSequenceNumber"]
        self._noted |= set(map(sequence_of, self._stream.between(int(info["shardId"]), *ends)))

    def take_entry(self, entry: tuple[str, str]) -> None:
        """Take in a look-up entry: its number must have been told before, or be noted."""
        if entry[0].startswith("~dnd/"):
            self._suggested.add(entry[1])
            return
        self._entries.add(entry)
        _, part, request = entry[1].split("/", 2)
        creation = self._changes.get((request, part), [None])[0]
        told = entry[0].removeprefix("~to/") in self._states[request, part]
        if not told and (creation is None or creation.sequence not in self._noted):
            self.problems.append(f"{request}/{part}: can be looked up before it was told")

    def gaps(self) -> Iterator[str]:
        """Each change was told or is noted, those told in their order, none under two names."""
        for key in self._changes.keys() | self._events.keys():
            yield from self._gaps_of(key, [(each, dict(each.states or {})) for each in self._changes.get(key, ())])

    def ends(self) -> Iterator[str]:
        """What was told last of each recipient is what the table says."""
        for key, item in self._items.items():
            if any(change.sequence in self._noted for change in self._changes.get(key, ())):
                continue
            states = states_of(item)
            if self._states[key] != states:
                yield f"{key}: ends {_named(states)}, told {_named(self._states[key])}"

    def not_looked_up(self) -> Iterator[str]:
        """Each number of a new part can be looked up."""
        for record in parts_in(self._stream):
            missing = set(entries_for(record)) - self._entries
            if missing and sequence_of(record) not in self._noted:
                yield f"{key_of(record)}: {len(missing)} numbers cannot be looked up"

    def suggestions(self) -> Iterator[str]:
        """Each number that is told to be do-not-disturb is suggested for opting out, and none that never became so."""
        told = {to for states in self._states.values() for to, state in states.items() if state == _UNWILLING}
        changes = (change for each in self._changes.values() for change in each)
        became = {to for change in changes for to, state in (change.states or {}).items() if state == _UNWILLING}
        yield from (f"{number}: suggested for opting out" for number in sorted(self._suggested - became))
        if not self._noted:
            yield from (f"{number}: not suggested for opting out" for number in sorted(told - self._suggested))

    def _gaps_of(self, key: Key, left: Sequence[tuple[Change, States]]) -> Iterator[str]:
        place = 0
        for at, states in self._events.get(key, ()):
            while place < len(left) and not (left[place][0].at == at and states.items() <= left[place][1].items()):
                yield from self._untold(key, *left[place])
                place += 1
            if place == len(left):
                yield f"{key}: {_named(states)} at {at} is told out of order, under two event_ids, or never happened"
                return
            for number in states:
                del left[place][1][number]
        for change, rest in left[place:]:
            yield from self._untold(key, change, rest)

    def _untold(self, key: Key, change: Change, rest: States) -> Iterator[str]:
        if change.sequence not in self._noted and (rest or change.states is None):
            yield f"{key}: {_named(rest)} at {change.at} is never told, or too late"

    def _require_no_text(self, told: str, texts: Iterable[str]) -> None:
        self.problems += [f"a text is told: {text[:10]}..." for text in texts if text in told]


def _named(states: States) -> str:
    return "/".join(sorted(set(states.values()))) or "nothing"
