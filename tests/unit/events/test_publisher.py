"""Each change is published at least once, in order within a part, whatever fails (guarantee 8)."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.events.published import Published
from tests.unit.events.stream import ONE, TWO, FakeEvents, FakeQueue, FakeTable, Stage, part, record

STATES = ("sending", "queued", "sending", "sent")
DOWN = EndpointConnectionError(endpoint_url="x")


def life(request: str, states: Sequence[str] = STATES) -> list[tuple[Any, Any]]:
    """The images of a part that goes through some states."""
    images: list[Any] = [None, *(part(request, state=state) for state in states)]
    return list(pairwise(images))


def records_of(*lives: list[tuple[Any, Any]]) -> list[dict[str, Any]]:
    """Records of several parts, those of different parts in turn."""
    turns = [change for at in range(max(map(len, lives))) for each in lives for change in each[at : at + 1]]
    return [record(at, *change) for at, change in enumerate(turns, 1)]


def drive(stage: Stage, records: list[dict[str, Any]], runs: int = 400) -> list[Published]:
    """Hand the stream out as Lambda does, until all of it is done."""
    done: list[Published] = []
    while records:
        assert len(done) < runs, "no progress"
        done.append(stage.publisher().publish(records, stage.deadline()))
        places = [each["dynamodb"]["SequenceNumber"] for each in records]
        records = records[places.index(done[-1].failed[0]) :] if done[-1].failed else []
    return done


def require_in_order(stage: Stage, lives: Mapping[str, Sequence[str]]) -> None:
    """Without repetitions, what was published of each part is its life; a repetition is told by its event_id."""
    seen: dict[str, dict[str, str]] = defaultdict(dict)
    for detail in stage.events.details():
        (state,) = {each["state"] for each in detail["recipients"]}
        first = seen[detail["id"]].setdefault(detail["event_id"], state)
        assert first == state
    assert {request: list(states.values()) for request, states in seen.items()} == {
        request: list(states) for request, states in lives.items()
    }


def test_no_call_holds_two_events_of_one_part() -> None:
    stage = Stage()
    drive(stage, records_of(life("a"), life("b"), life("c")))
    for call in stage.events.calls:
        ids = [json.loads(entry["Detail"])["id"] for entry in call]
        assert len(set(ids)) == len(ids)
    require_in_order(stage, dict.fromkeys("abc", STATES))


def test_calls_are_as_large_as_they_may_be() -> None:
    stage = Stage()
    drive(stage, records_of(*(life(f"order-{at}", ["sending"]) for at in range(100))))
    assert [len(call) for call in stage.events.calls] == [10] * 10


def test_large_events_share_no_call() -> None:
    many = {str(2348030100000 + at): {"state": "sent", "reason": "x" * 400} for at in range(400)}
    stage = Stage()
    drive(stage, [record(at, None, part(f"order-{at}", recipients=many)) for at in range(5)])
    assert len(stage.events.details()) >= 5


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("seed", range(5))
def test_a_bus_that_refuses_a_share_loses_nothing_and_keeps_the_order(share: float, seed: int) -> None:
    draw = random.Random(seed)

    def fail(_: Any) -> None:
        if draw.random() < share:
            raise DOWN

    refuse = lambda _: "ThrottlingException" if draw.random() < share else ""  # noqa: E731 - a draw
    stage = Stage(events=FakeEvents(refuse=refuse, fail=fail))
    lives = {f"order-{at}": STATES for at in range(20)}
    done = drive(stage, records_of(*(life(request) for request in lives)))
    require_in_order(stage, lives)
    assert stage.queue.notes == []
    # Each run gets on: what can be published is.
    calls = len(stage.events.calls)
    assert len(done) <= 2 + 2 * share * calls


def test_while_nothing_is_taken_all_of_it_comes_again() -> None:
    def fail(_: Any) -> None:
        raise DOWN

    stage = Stage(events=FakeEvents(fail=fail))
    done = stage.publisher().publish(records_of(life("a")), stage.deadline())
    assert done.failed == ["1"]
    assert done.error is DOWN
    assert not stage.table.written


def test_a_record_that_nobody_can_read_blocks_nobody() -> None:
    broken = record(2, None, {"id": "b", "part": "0", "message_uuid": "x"})
    records = [record(1, None, part("a")), broken, record(3, None, part("c"))]
    stage = Stage()
    (done,) = drive(stage, records)
    assert [detail["id"] for detail in stage.events.details()] == ["a", "c"]
    assert stage.queue.notes == [{"id": "b", "part": "0", "sequence": "2", "error": "KeyError", "event": None}]
    assert done.unpublishable == 1


def test_what_eventbridge_will_never_take_is_kept_with_its_event() -> None:
    stage = Stage(events=FakeEvents(refuse=lambda entry: "MalformedDetail" if '"b"' in entry["Detail"] else ""))
    drive(stage, [record(at, None, part(name)) for at, name in enumerate("abc")])
    (note,) = stage.queue.notes
    assert (note["id"], note["error"], note["event"]["event_id"]) == ("b", "MalformedDetail", "event-1")
    assert [detail["id"] for detail in stage.events.details()] == ["a", "c"]


def test_what_cannot_even_be_kept_comes_again() -> None:
    broken = record(2, None, {"id": "b", "part": "0", "message_uuid": "x"})
    stage = Stage(queue=FakeQueue(failures=2))
    done = drive(stage, [record(1, None, part("a")), broken, record(3, None, part("c"))])
    assert [each.failed for each in done] == [["2"], ["2"], []]
    assert len(stage.queue.notes) == 1
    assert [detail["id"] for detail in stage.events.details()] == ["a", "c"]


def test_what_cannot_even_be_kept_takes_nothing_with_it_that_comes_before() -> None:
    broken = record(5, None, {"id": "b", "part": "0", "message_uuid": "x"})
    stage = Stage(queue=FakeQueue(failures=1))
    done = drive(stage, [*records_of(life("a")), broken])
    assert [each.failed for each in done] == [["5"], []]
    require_in_order(stage, {"a": STATES})


def test_the_look_up_is_written_once_a_part_and_only_for_new_ones() -> None:
    stage = Stage()
    drive(stage, records_of(life("a")))
    assert set(stage.table.written) == {(f"~to/{number}", "001800000000250/0/a") for number in (ONE, TWO)}
    assert set(stage.table.written.values()) == {1}


def test_look_up_entries_that_cannot_be_written_hold_the_stream_where_they_are() -> None:
    failing = [3]

    def leave(requests: list[Any]) -> list[Any]:
        if failing[0] and any("/b" in each["PutRequest"]["Item"]["part"]["S"] for each in requests):
            failing[0] -= 1
            raise DOWN
        return []

    stage = Stage(table=FakeTable(leave=leave))
    done = drive(stage, [record(at, None, part(name)) for at, name in enumerate("abc", 1)])
    # Those of the parts of one call are written together.
    assert [each.failed for each in done] == [["1"], ["1"], ["1"], []]
    assert {part_id[-1] for _, part_id in stage.table.written} == set("abc")


def test_the_entries_of_a_call_are_written_together_up_to_five_hundred() -> None:
    sizes: list[int] = []

    def leave(requests: list[Any]) -> list[Any]:
        sizes.append(len(requests))
        return []

    stage = Stage(table=FakeTable(leave=leave))
    drive(stage, [record(at, None, part(f"order-{at}")) for at in range(30)])
    # Ten parts of two numbers a call.
    assert sizes == [20, 20, 20]
    sizes.clear()
    many: dict[str, Any] = {str(2348030100000 + at): {} for at in range(300)}
    drive(stage, [record(at, None, part(name, recipients=many)) for at, name in enumerate("ab", 100)])
    assert sizes == 24 * [25]


def test_look_up_entries_that_nobody_can_write_block_nobody() -> None:
    def leave(requests: list[Any]) -> list[Any]:
        if any("/b" in each["PutRequest"]["Item"]["part"]["S"] for each in requests):
            raise ClientError({"Error": {"Code": "ValidationException"}}, "BatchWriteItem")
        return []

    stage = Stage(table=FakeTable(leave=leave))
    (done,) = drive(stage, [record(at, None, part(name)) for at, name in enumerate("abc")])
    assert done.unpublishable == 1
    assert stage.queue.notes[0]["error"] == "look-up: ClientError"
    assert {part_id[-1] for _, part_id in stage.table.written} == {"a", "c"}


def test_what_there_is_no_time_for_is_left_for_the_next_invocation() -> None:
    stage = Stage()

    def advance(_: Any) -> None:
        stage.now += 15.0

    stage.events.fail = advance
    done = stage.publisher().publish(records_of(life("a")), stage.deadline())
    # Of 60 s, the fourth call would have less than it may need.
    assert (done.events, done.failed) == (3, ["4"])


def test_an_item_that_is_gone_is_no_change_of_state() -> None:
    stage = Stage()
    drive(stage, [record(1, part("a", state="sent"), None)])
    assert stage.events.calls == []


@given(st.lists(st.lists(st.sampled_from(["queued", "sending", "held", "sent"]), min_size=1, max_size=6), max_size=6))
def test_every_life_is_told_in_order(histories: list[list[str]]) -> None:
    # A state that does not change is not told.
    lives = {f"order-{at}": states for at, states in enumerate(histories)}
    told = {
        name: [state for before, state in zip(["", *states], states, strict=False) if state != before]
        for name, states in lives.items()
    }
    stage = Stage()
    drive(stage, records_of(*(life(name, states) for name, states in lives.items())) if lives else [])
    require_in_order(stage, told)
