"""What is told in a world is judged: each way to tell it wrong is found, and telling changes nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from kobo_sms.aws import batch_write
from kobo_sms.events import prepared, publisher
from kobo_sms.events.bus import EventBus
from kobo_sms.events.prepared import Placed, Prepared, told_in
from kobo_sms.events.published import Published
from kobo_sms.events.publisher import Publisher
from kobo_sms.events.status_events import StatusEvent, status_events
from kobo_sms.events.unpublished import Unpublished
from kobo_sms.optouts.do_not_disturb import DoNotDisturbNotes
from kobo_sms.table import Item
from tests.robustness.simulation.run import make_world, simulate
from tests.robustness.simulation.telling import Telling

# Telling is done in the worlds of even seeds.
WORLDS = range(0, 120, 2)
_calls, _prepare, _put = prepared.calls, prepared.prepare, Publisher._put
OF_TELLING = ("told", "given up", "crash of publish_status")


def _newest_first(batch: Iterable[Prepared]) -> Iterator[Any]:
    return reversed(list(_calls(batch)))


def _as_many_as_possible(batch: Iterable[Prepared]) -> Iterator[Any]:
    placed = [Placed(each, event) for each in batch for event in each.events]
    return (placed[at : at + 10] for at in range(0, len(placed), 10))


def _named_at_random(_: str, old: Item | None, new: Item) -> list[StatusEvent]:
    return status_events(uuid.uuid4().hex, old, new)


def _named_by_the_time(_: str, old: Item | None, new: Item) -> list[StatusEvent]:
    # Parts that are written at the same moment then share a name.
    return status_events(str(new["updated_at"]), old, new)


def _without_retries(name: str, old: Item | None, new: Item) -> list[StatusEvent]:
    return [] if new["state"] == "queued" else status_events(name, old, new)


def _with_the_text(name: str, old: Item | None, new: Item) -> list[StatusEvent]:
    events = status_events(name, old, new)
    text = f',"text":"{new.get("text", "")}"}}'
    return [replace(event, detail=event.detail[:-1] + text) for event in events]


def _of_the_last_write(at: int, record: Any) -> Any:
    # As if the stream held no old images.
    images = {name: each for name, each in record["dynamodb"].items() if name != "OldImage"}
    return _prepare(at, {**record, "dynamodb": images})


def _past_it(done: Published) -> list[str]:
    return [] if done.stopped is None else list(done.sequences[done.stopped + 1 :][:1])


def _put_and_forget(bus: EventBus, events: Sequence[StatusEvent]) -> list[tuple[StatusEvent, str]]:
    bus._client.put_events(Entries=[bus._entry(event) for event in events])
    return []


def _only_once(client: Any, table: str, requests: Sequence[Any]) -> list[Any]:
    for start in range(0, len(requests), 25):
        client.batch_write_item(RequestItems={table: list(requests[start : start + 25])})
    return []


def _before_its_event(publishing: Publisher, call: Sequence[Any], deadline: Any, done: Published) -> None:
    publishing._look_up(list(told_in(call)), deadline, done)
    _put(publishing, call, deadline, done)


def _nothing(*_: Any) -> None:
    """Do nothing."""


BROKEN: dict[str, tuple[Any, str, Callable[..., Any] | property, str]] = {
    "newest first": (publisher, "calls", _newest_first, "never told, or too late"),
    "two of a part in a call": (publisher, "calls", _as_many_as_possible, "never told, or too late"),
    "random event_id": (prepared, "status_events", _named_at_random, "under two event_ids"),
    "event_id of the time": (prepared, "status_events", _named_by_the_time, "names two events"),
    "a change skipped": (prepared, "status_events", _without_retries, "queued at"),
    "with the text": (prepared, "status_events", _with_the_text, "a text is told"),
    "no old image": (publisher, "prepare", _of_the_last_write, "never happened"),
    "past the failure": (Published, "failed", property(_past_it), "never told, or too late"),
    "refusals overlooked": (EventBus, "_put", _put_and_forget, "never told, or too late"),
    "nothing kept": (Unpublished, "keep", _nothing, "never told, or too late"),
    "look-up without event": (Publisher, "_put", _before_its_event, "looked up before it was told"),
    "unprocessed entries overlooked": (batch_write, "_ask_once", _only_once, "numbers cannot be looked up"),
    "nobody suggested": (DoNotDisturbNotes, "add", _nothing, "not suggested for opting out"),
}


def life(seed: int) -> list[tuple[Any, ...]]:
    """Return what happens in a world apart from what is told of it."""
    with make_world(seed) as world:
        world.run()
        return [each for each in world.trace.events if each[1] not in OF_TELLING]


@pytest.mark.parametrize("seed", [0, 2])
def test_the_rest_of_a_world_lives_as_if_nobody_told_anything(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lived = life(seed)
    monkeypatch.setattr(Telling, "written", _nothing)
    assert lived == life(seed)


@pytest.mark.parametrize("name", BROKEN)
def test_each_way_to_tell_it_wrong_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, attribute, broken, complaint = BROKEN[name]
    monkeypatch.setattr(owner, attribute, broken)
    assert any(complaint in found for seed in WORLDS for found in simulate(seed).violations)
