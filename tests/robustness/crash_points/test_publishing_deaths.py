"""publish_status dies just before and just after each of its I/O steps; Lambda then hands the stream out again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import count

import pytest

from tests.robustness.crash_points.batches import MALFORMED, REFUSED, SEVERAL, event_id, is_malformed, several, two_of
from tests.robustness.crash_points.feeding import Feeding
from tests.robustness.crash_points.invocations import Point
from tests.robustness.crash_points.selection import ALL
from tests.robustness.telling.outside import ENTRY, EVENT, NOTE
from tests.robustness.telling.table import Table

Feed = Callable[[Table], Feeding]


def points(steps: list[str]) -> list[object]:
    """Dying before a step leaves what dying after the step before left (selection.py): CI does it at the first only."""
    return [
        pytest.param((step, when), id=f"{step}-{name}-{when}")
        for step, name in enumerate(steps)
        for when in ("before", "after")
        if ALL or step == 0 or when == "after"
    ]


def test_undisturbed(feed: Feed) -> None:
    life = feed(several())
    life.live()
    assert life.steps == SEVERAL
    assert life.broken() == []
    # Twelve writes: one cannot be read, one not be told, one changes no state.
    kinds = Counter(kind for kind, _ in life.outside.log)
    assert kinds == {EVENT: 9, ENTRY: 2 + 1 + 1 + 60, NOTE: 2}
    assert {what["id"] for kind, what in life.outside.log if kind == NOTE} == {"unreadable", MALFORMED}


@pytest.mark.parametrize("point", points(SEVERAL))
def test_one_death(feed: Feed, point: Point) -> None:
    life = feed(several())
    life.live(point)
    assert life.died == 1
    assert life.broken() == []


@pytest.mark.parametrize("step", range(len(SEVERAL)) if ALL else (1, 6))
def test_two_deaths(feed: Feed, step: int) -> None:
    """One of the processes that come next dies too, at each of the steps that they would take."""
    for second in count() if ALL else (0, 3):
        life = feed(several())
        life.live((step, "after"), (second, "after"))
        assert life.broken() == [], f"the second death: after step {second}"
        if life.died < 2:
            break
    assert second > 3 or life.died == 2


def test_a_batch_that_comes_again_though_it_was_done(feed: Feed) -> None:
    life = feed(several())
    life.live()
    before = list(life.outside.log)
    life.live()
    assert life.outside.log == before * 2
    assert life.broken() == []


@pytest.mark.parametrize("step", range(len(SEVERAL)) if ALL else range(1, len(SEVERAL), 3))
def test_a_batch_dies_when_it_comes_again(feed: Feed, step: int) -> None:
    life = feed(several())
    life.live()
    life.live((step, "after"))
    assert life.died == 1
    assert life.broken() == []


@pytest.mark.parametrize("point", points(REFUSED))
def test_a_death_where_each_event_is_refused_once(feed: Feed, point: Point) -> None:
    life, seen = feed(two_of("a", "b")), set[str]()

    def refuse(detail: str) -> str:
        known = event_id(detail) in seen
        seen.add(event_id(detail))
        return "" if known else "ThrottlingException"

    life.outside.refuse = refuse
    life.live(point)
    assert life.died == 1
    assert life.broken() == []


def test_what_is_refused_keeps_back_what_follows_it(feed: Feed) -> None:
    """As long as the first change of a part is not taken nobody hears of the second."""
    life = feed(two_of("a", "b"))
    first = life.table.stream.records[0]["eventID"]
    life.outside.refuse = lambda detail: "InternalFailure" if event_id(detail) == first else ""
    invocation = life.start(life.table.stream.records)
    assert invocation.failed == {life.table.stream.records[0]["dynamodb"]["SequenceNumber"]}
    assert [event_id(what) for kind, what in life.outside.log] == [life.table.stream.records[1]["eventID"]]
    life.outside.refuse = is_malformed
    life.live()
    assert life.broken() == []
