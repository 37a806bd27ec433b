"""The judge of what is told finds each thing that may be wrong with it, and nothing where nothing is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.robustness.telling.outside import ENTRY, EVENT, NOTE
from tests.robustness.telling.stream import give_up_note, sequence_of
from tests.robustness.telling.table import Table
from tests.robustness.telling.told import broken
from tests.unit.events.stream import ONE, SECRET_TEXT, TWO

Log = list[tuple[str, Any]]


def table() -> Table:
    made = Table()
    made.put("a")
    made.put("a", state="sent", recipients={ONE: {}, TWO: {"state": "unknown"}})
    made.spoil("b")
    return made


def event(name: str, at: int, **states: str) -> tuple[str, str]:
    recipients = [{"to": {"one": ONE, "two": TWO}[who], "state": state} for who, state in states.items()]
    detail = {"event_id": name, "id": "a", "part": "0", "at": f"2027-01-15T08:00:0{at}.000Z", "recipients": recipients}
    return EVENT, json.dumps(detail)


FIRST, SECOND = event("1", 1, one="sending", two="sending"), event("2", 2, one="sent", two="unknown")
ENTRIES = [(ENTRY, (f"~to/{number}", "001800000000000/0/a")) for number in (ONE, TWO)]
KEPT = (NOTE, {"sequence": sequence_of(table().stream.records[2])})
GIVEN_UP = (NOTE, json.loads(give_up_note(0, table().stream.records[1:])))


def found(log: Log) -> list[str]:
    made = table()
    return broken(made.stream, log, made.readable(), [SECRET_TEXT])


@pytest.mark.parametrize(
    "log",
    [
        [FIRST, *ENTRIES, SECOND, KEPT],
        [KEPT, FIRST, SECOND, FIRST, SECOND, *ENTRIES],
        # One change in two events, as when one would be too large.
        [event("1", 1, one="sending"), event("1.1", 1, two="sending"), *ENTRIES, SECOND, KEPT],
        [FIRST, *ENTRIES, GIVEN_UP],
        # It was told, and its invocation died before it could say so.
        [FIRST, *ENTRIES, SECOND, GIVEN_UP],
    ],
)
def test_nothing_is_wrong(log: Log) -> None:
    assert found(log) == []


def told_with_its_text(text: str) -> tuple[str, str]:
    return EVENT, text.replace('"event_id"', f'"text": "{SECRET_TEXT}", "event_id"')


@pytest.mark.parametrize(
    ("log", "complaint"),
    [
        ([SECOND, FIRST, *ENTRIES, KEPT], "out of order"),
        ([FIRST, *ENTRIES, KEPT], "sent/unknown at 2027-01-15T08:00:02.000Z is never told"),
        ([FIRST, *ENTRIES, KEPT], "ends sent/unknown, told sending"),
        ([FIRST, *ENTRIES, SECOND], "nothing at  is never told"),
        ([FIRST, event("3", 1, one="sending", two="sending"), *ENTRIES, SECOND, KEPT], "under two event_ids"),
        ([FIRST, event("1", 2, one="sent", two="unknown"), *ENTRIES, SECOND, KEPT], "names two events"),
        ([FIRST, *ENTRIES, event("2", 2, one="sent"), KEPT], "unknown at 2027-01-15T08:00:02.000Z is never told"),
        ([FIRST, *ENTRIES, event("2", 2, one="sent", two="sent"), KEPT], "never happened"),
        ([*ENTRIES, FIRST, SECOND, KEPT], "looked up before it was told"),
        ([FIRST, ENTRIES[0], SECOND, KEPT], "1 numbers cannot be looked up"),
        ([told_with_its_text(FIRST[1]), *ENTRIES, SECOND, KEPT], "a text is told"),
        ([FIRST, *ENTRIES, SECOND, (NOTE, {**KEPT[1], "event": SECRET_TEXT})], "a text is told"),
    ],
)
def test_what_is_wrong_is_found(log: Log, complaint: str) -> None:
    assert any(complaint in each for each in found(log))
