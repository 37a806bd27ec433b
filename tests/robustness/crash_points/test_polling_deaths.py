"""poll_reports dies just before and just after each of its I/O steps; later invocations come to the same end."""

from __future__ import annotations

import pytest

from tests.robustness.crash_points.polled import FOREVER, Polled

ONE, TWO, THREE = (f"234803010000{n}" for n in range(1, 4))
# The last step looks when check_credit has last set the valve.
BEFORE_WRITING = ["GetItem", "Query", "Query", "Query", "write", "BatchGetItem", "login", "Query", "ask"]
SINGLE = [*BEFORE_WRITING, *3 * ["write"], "GetItem"]
# What is asked about and what is written at the same time have no order.
SEVERAL, SPOILED = 22, 16
PARTS = ((ONE, "2348030009101"), (TWO, FOREVER, "2348030009102"), (THREE,))


def test_undisturbed(polled: Polled) -> None:
    polled.sent([ONE])
    polled.poll()
    assert polled.steps == SINGLE
    assert polled.broken(lost=False) == []


def test_several_undisturbed(polled: Polled) -> None:
    polled.sent(*PARTS)
    polled.poll()
    assert len(polled.steps) == SEVERAL
    assert polled.broken(lost=False) == []


def test_one_that_cannot_be_polled_undisturbed(polled: Polled) -> None:
    polled.sent([ONE], [TWO])
    polled.spoil(0)
    polled.poll()
    assert len(polled.steps) == SPOILED
    assert polled.broken(lost=False) == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", range(len(SINGLE)))
def test_one_part(polled: Polled, step: int, when: str) -> None:
    polled.sent([ONE])
    assert polled.poll((step, when)).ended == "died"
    polled.drain()
    assert polled.broken(lost=True) == []


@pytest.mark.parametrize("step", range(3, SEVERAL))
def test_several_parts(polled: Polled, step: int) -> None:
    polled.sent(*PARTS)
    assert polled.poll((step, "after")).ended == "died"
    polled.drain()
    assert polled.broken(lost=True) == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", range(3, SPOILED))
def test_one_that_cannot_be_polled_among_others(polled: Polled, step: int, when: str) -> None:
    polled.sent([ONE], [TWO])
    polled.spoil(0)
    assert polled.poll((step, when)).ended == "died"
    polled.drain()
    assert polled.broken(lost=True) == []


@pytest.mark.parametrize("step", range(3, SEVERAL, 3))
def test_two_deaths(polled: Polled, step: int) -> None:
    polled.sent(*PARTS)
    polled.poll((step, "after"))
    polled.offset += 40
    polled.poll((7, "after"))
    polled.drain()
    assert polled.broken(lost=True) == []
