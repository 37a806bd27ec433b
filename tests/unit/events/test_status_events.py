from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.events import status_events as module
from kobo_sms.events.status_events import StatusEvent, status_events
from kobo_sms.messages.packing import pack_numbers
from kobo_sms.messages.states import ALL
from tests.unit.events.stream import ONE, SECRET_TEXT, TWO, part


def told(events: list[StatusEvent]) -> dict[str, str]:
    recipients = [each for event in events for each in json.loads(event.detail)["recipients"]]
    assert len({each["to"] for each in recipients}) == len(recipients)
    return {each["to"]: each["state"] for each in recipients}


def test_an_event_has_the_shape_of_the_contract() -> None:
    old = part(reference="shop/1")
    new = part(
        reference="shop/1",
        campaign="easter-2027",
        state="sent",
        recipients={ONE: {"msgid": "a"}, TWO: {"state": "unknown", "reason": "missing", "at": old["updated_at"]}},
    )
    (event,) = status_events("e1", old, new)
    assert event.event_id == "e1"
    assert event.part == ("order-1", "0")
    assert json.loads(event.detail) == {
        "event_id": "e1",
        "id": "order-1",
        "reference": "shop/1",
        "campaign": "easter-2027",
        "part": "0",
        "at": "2027-01-15T08:00:01.500Z",
        "recipients": [
            {"to": ONE, "state": "sent", "reason": None, "report": None, "msgid": "a"},
            {"to": TWO, "state": "unknown", "reason": "missing", "report": None, "msgid": None},
        ],
    }


def test_the_text_is_never_in_an_event() -> None:
    assert SECRET_TEXT in str(part())
    assert SECRET_TEXT not in status_events("e", None, part())[0].detail


def test_of_a_new_part_all_recipients_are_told() -> None:
    assert told(status_events("e", None, part())) == {ONE: "sending", TWO: "sending"}


def test_what_changes_no_state_is_not_told() -> None:
    assert status_events("e", part(), part(attempts=2, reason="error_gw", lease="x")) == []
    report = {"state": "delivered", "report": "DELIVRD", "at": 5}
    before, after = part(recipients={ONE: report}), part(recipients={ONE: {**report, "later_report": "UNDELIV"}})
    assert status_events("e", before, after) == []


def test_only_the_recipients_whose_state_changed_are_told() -> None:
    delivered = {"state": "delivered", "report": "DELIVRD", "at": part()["updated_at"]}
    after = part(state="sent", recipients={ONE: delivered, TWO: {}})
    assert told(status_events("e", part(state="sent"), after)) == {ONE: "delivered"}


def test_recipients_of_a_part_that_is_split_wait_again() -> None:
    assert told(status_events("e", part(), part(state="split"))) == {ONE: "queued", TWO: "queued"}
    root = part(state="split", recipients={}, numbers=pack_numbers([ONE, TWO]))
    assert told(status_events("e", None, root)) == {ONE: "queued", TWO: "queued"}


def test_what_is_too_large_for_one_event_becomes_several_with_ids_of_their_own() -> None:
    root = part(state="split", recipients={}, numbers=pack_numbers(str(2348030100000 + at) for at in range(10_000)))
    events = status_events("e", None, root)
    assert len(events) > 2
    assert [event.event_id for event in events[:3]] == ["e", "e.1", "e.2"]
    assert [json.loads(event.detail)["event_id"] for event in events] == [event.event_id for event in events]
    assert len(told(events)) == 10_000
    assert all(event.size < 250_000 for event in events)


def test_an_endless_reason_is_cut() -> None:
    (event,) = status_events("e", None, part(state="failed", reason="x" * 100_000))
    assert event.size < 3000


states = st.sampled_from([*ALL, None])
recipients = st.dictionaries(st.sampled_from([ONE, TWO, "2348030100003", "no number"]), states)


def _item(of: dict[str, Any], own: str) -> dict[str, Any]:
    known = {number: {"state": state, "at": 1} if state else {} for number, state in of.items()}
    return part(state=own, recipients=known)


@given(recipients, recipients, st.sampled_from(ALL), st.sampled_from(ALL))
def test_told_is_exactly_what_changed(before: dict[str, Any], after: dict[str, Any], was: str, now: str) -> None:
    old = {number: state or was for number, state in before.items()}
    new = {number: state or now for number, state in after.items()}
    changed = {number: state for number, state in new.items() if old.get(number) != state}
    assert told(status_events("e", _item(before, was), _item(after, now))) == changed


@given(st.lists(st.integers(1, 90), max_size=30))
def test_no_recipient_is_lost_where_events_are_divided(sizes: list[int]) -> None:
    texts = ["x" * size for size in sizes]
    chunks = list(module._chunks(texts, most=100))
    assert [text for chunk in chunks for text in chunk] == texts
    assert all(sum(len(text) + 1 for text in chunk) <= 100 for chunk in chunks)
