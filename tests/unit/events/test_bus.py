from __future__ import annotations

import random
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from kobo_sms.errors import NotPublished
from kobo_sms.events.bus import EventBus
from kobo_sms.events.status_events import StatusEvent
from tests.unit.events.stream import FakeEvents


def event(name: str) -> StatusEvent:
    return StatusEvent(name, ("order", name), f'{{"event_id":"{name}"}}')


def bus(events: FakeEvents, waits: list[float] | None = None) -> EventBus:
    return EventBus(cast(Any, events), "shop", (waits if waits is not None else []).append)


TEN = [event(str(at)) for at in range(10)]


def test_an_entry_is_what_rules_match() -> None:
    events = FakeEvents()
    assert bus(events).put([event("a")]) == []
    assert events.calls == [
        [{"Source": "kobo-sms.shop", "DetailType": "SMS status changed", "Detail": '{"event_id":"a"}'}]
    ]


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_what_is_refused_for_now_is_put_again_alone(share: float) -> None:
    draw = random.Random(1)
    events = FakeEvents(refuse=lambda _: "ThrottlingException" if draw.random() < share else "")
    given_up = 0
    for _ in range(50):
        try:
            assert bus(events).put(TEN) == []
        except NotPublished:
            given_up += 1
    # An entry is refused seven times in a row once in 128 times at a half, practically never below.
    assert given_up <= 500 * share**7 * 3
    assert len(events.taken) >= 500 * (1 - 3 * share**7)


def test_what_keeps_being_refused_is_an_error_after_waits_that_grow() -> None:
    waits: list[float] = []
    events = FakeEvents(refuse=lambda entry: "InternalFailure" if '"3"' in entry["Detail"] else "")
    with pytest.raises(NotPublished, match="1 of 10"):
        bus(events, waits).put(TEN)
    assert len(events.taken) == 9
    assert waits == sorted(waits)
    assert sum(waits) < 10


def test_what_will_never_be_taken_is_returned_and_the_others_go_out() -> None:
    events = FakeEvents(refuse=lambda entry: "MalformedDetail" if '"3"' in entry["Detail"] else "")
    assert bus(events).put(TEN) == [(TEN[3], "MalformedDetail")]
    assert len(events.taken) == 9


def test_a_call_that_is_refused_for_one_entry_is_divided() -> None:
    def fail(entries: Any) -> None:
        if any('"3"' in entry["Detail"] for entry in entries):
            raise ClientError({"Error": {"Code": "ValidationException"}}, "PutEvents")

    events = FakeEvents(fail=fail)
    assert bus(events).put(TEN) == [(TEN[3], "ClientError")]
    assert len(events.taken) == 9


@pytest.mark.parametrize("times", [1, 6])
def test_a_call_for_which_there_is_no_room_is_made_again(times: int) -> None:
    left = [times]

    def fail(_: Any) -> None:
        if left[0]:
            left[0] -= 1
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "PutEvents")

    events, waits = FakeEvents(fail=fail), list[float]()
    assert bus(events, waits).put(TEN) == []
    assert (len(events.taken), len(waits)) == (10, times)


def test_an_error_that_concerns_everybody_passes_through() -> None:
    def fail(_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="x")

    events = FakeEvents(fail=fail)
    with pytest.raises(EndpointConnectionError):
        bus(events).put(TEN)
    assert len(events.calls) == 1
