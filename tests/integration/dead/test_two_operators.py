"""Two operators deal with one letter: A stops before a step, B runs until before one of its own, then both go on."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from kobo_cli.dead.plan import Planned
from tests.integration.dead.test_deaths import CASES, Case
from tests.robustness.crash_points.check_gates import Gate, Point
from tests.robustness.crash_points.selection import ALL

if TYPE_CHECKING:
    from tests.integration.dead.conftest import World

NAMED = {case.name: case for case in CASES}
ONE = "2348030100001"


@dataclass
class HaltingGate(Gate):
    """Holds a thread up before a step until it is let go on; `arrived` once it stands still or has ended."""

    halt: int = 0
    arrived: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)

    def reach(self, point: Point) -> None:
        if point == (self.halt, "before"):
            self.arrived.set()
            assert self.go.wait(60), "never let go on"


def start(world: World, rule: str, id_: str, plan: list[Planned], gate: HaltingGate) -> threading.Thread:
    """Begin to carry out an order, and return once it stands still or has ended."""

    def carry_out() -> None:
        try:
            world.carry_out(world.order(rule, id_, gate=gate, may_double=True), plan)
        finally:
            gate.arrived.set()

    thread = threading.Thread(target=carry_out)
    thread.start()
    assert gate.arrived.wait(60)
    return thread


def meet(world: World, id_: str, rules: tuple[str, str], halts: tuple[int, int], *, sent_between: bool) -> None:
    """Have two operators meet: A halts before a step, then B, then B goes on before A does."""
    gates = [HaltingGate(halt=halt) for halt in halts]
    plans = [world.quick_plan(world.order(rule, id_, may_double=True)) for rule in rules]
    orders = zip(rules, plans, gates, strict=True)
    threads = [start(world, rule, id_, plan, gate) for rule, plan, gate in orders]
    for gate, thread in reversed(list(zip(gates, threads, strict=True))):
        if sent_between:
            world.send_all("bulk")
        gate.go.set()
        thread.join()


def left_to_do(world: World, id_: str, rule: str) -> None:
    """Do what is left, as an operator would who finds the letter there still."""
    world.send_all("bulk")
    if world.letters():
        plan = world.quick_plan(world.order(rule, id_, may_double=True))
        world.carry_out(world.order(rule if plan[0].acts else "drop", id_), plan if plan[0].acts else None)
    world.send_all("bulk")


def halts(case: Case, every: int = 3) -> list[tuple[int, int]]:
    """Return where A and B stop, from the reading of the table on; in CI, which has no time for all, one in some."""
    steps = len(case.steps)
    all_ = [(a, b) for a in range(1, steps) for b in range(1, steps + 1)]
    return [at for at in all_ if ALL or sum(at) % every == 0]


@pytest.mark.parametrize("case", [NAMED["failed"], NAMED["doubted"], NAMED["unclaimed"]], ids=lambda case: case.name)
@pytest.mark.parametrize("sent_between", [False, True])
def test_two_retry_it(world: World, case: Case, sent_between: bool) -> None:
    for at in halts(case, 1 if case.name == "failed" and not sent_between else 4):
        id_ = case.bury(world)
        meet(world, id_, ("retry", "retry"), at, sent_between=sent_between)
        left_to_do(world, id_, "retry")
        case.holds(world, id_)


@pytest.mark.parametrize("sent_between", [False, True])
@pytest.mark.parametrize("rules", [("retry", "drop"), ("drop", "retry")])
def test_one_retries_and_one_drops_it(world: World, rules: tuple[str, str], sent_between: bool) -> None:
    for at in halts(NAMED["failed"], 3):
        id_ = NAMED["failed"].bury(world)
        meet(world, id_, rules, at, sent_between=sent_between)
        left_to_do(world, id_, "drop")
        assert (world.letters(), world.waiting("bulk")) == (0, 0)
        # One of them had his way; nothing is half done.
        ends = {"sent": 1, "failed": 0}
        assert world.executed(id_).total() == ends[world.state(id_)]
