"""An operator's command dies before or after each of its I/O steps; doing the same again comes to the same end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from kobo_cli.dead.plan import Planned
from tests.integration.dead.conftest import World
from tests.robustness.crash_points.check_gates import DeadlyGate, Death, Gate, Point
from tests.robustness.crash_points.selection import ALL

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE, TWO = "2348030100001", "2348030100002"
LOOK = ["sqs.receive_message"]
JUDGED = [*LOOK, "dynamodb.get_item"]
BACK = ["sqs.send_message", "sqs.delete_message"]


@dataclass(frozen=True)
class Case:
    """A letter, made by `bury`, that a `rule` deals with in `steps`; `executed` before: an answer was lost."""

    name: str
    rule: str
    bury: Callable[[World], str]
    steps: Sequence[str]
    ends: str
    executed: int = 0

    def dies_at(self, world: World, point: Point, *, sent_between: bool) -> None:
        """Die at a point, perhaps have send_sms do its work, and do it all again; raise if anything is not right."""
        id_ = self.bury(world)
        gate = DeadlyGate(point=point)
        plan = self.plan(world, id_)
        with suppress(Death):
            world.carry_out(world.order(self.rule, id_, gate=gate, may_double=True), plan)
        assert gate.dead
        self.nothing_lost(world, id_)
        if sent_between:
            world.send_all("bulk")
        self.again(world, id_)
        self.holds(world, id_)

    def again(self, world: World, id_: str) -> None:
        """Do the same again if the letter is there still.

        Where nothing was written before its part was sent, nothing tells that it was for this letter: it is dropped.
        """
        if not world.letters():
            return
        plan = self.plan(world, id_)
        if not plan[0].acts:
            assert (self.name, world.state(id_)) == ("unclaimed", "sent")
            world.carry_out(world.order("drop", id_))
        elif world.carry_out(world.order(self.rule, id_, may_double=True), plan):
            assert world.letters() == 0

    def nothing_lost(self, world: World, id_: str) -> None:
        """A letter lies in the dead-letter queue, or its message waits on a lane, or its part has ended."""
        assert world.letters() + world.waiting("bulk") > 0 or (self.rule == "drop" and world.state(id_) == self.ends)

    def holds(self, world: World, id_: str) -> None:
        """All is done: executed as often as it must be, whatever the letters and messages were."""
        world.send_all("bulk")
        assert (world.letters(), world.waiting("bulk"), world.state(id_)) == (0, 0, self.ends)
        once = 1 if self.rule == "retry" else self.executed
        assert set(world.executed(id_).values()) <= {1}
        assert world.executed(id_).total() == once * len(world.stack.item(id_)["recipients"])

    def plan(self, world: World, id_: str) -> list[Planned]:
        return world.quick_plan(world.order(self.rule, id_, may_double=True))


def unclaimed(world: World) -> str:
    """Return the id of a letter whose part the table does not know: SQS itself moved it, or it was put there."""
    id_ = world.bury_failed()
    key = {"id": {"S": id_}, "part": {"S": "0"}}
    world.stack.dynamodb.delete_item(TableName=world.stack.names["Messages"], Key=key)
    return id_


def stuck(world: World) -> str:
    """Return the id of a part whose attempt died, so that SQS moved its message here."""
    id_ = world.bury("reset", when="after")
    world.stack.dynamodb.update_item(
        TableName=world.stack.names["Messages"],
        Key={"id": {"S": id_}, "part": {"S": "0"}},
        UpdateExpression="SET #s = :s, lease = :l, lease_until = :u ADD leases :ls",
        ExpressionAttributeNames={"#s": "state"},
        ExpressionAttributeValues={":s": {"S": "sending"}, ":l": {"S": "x"}, ":u": {"N": "1"}, ":ls": {"SS": ["x"]}},
    )
    return id_


REOPENED = [*JUDGED, "dynamodb.update_item", *BACK]
DROPPED = [*JUDGED, "dynamodb.update_item", "sqs.delete_message"]
CASES = (
    Case("failed", "retry", World.bury_failed, REOPENED, "sent"),
    Case("doubted", "retry", lambda world: world.bury("reset", when="after", to=[ONE, TWO]), REOPENED, "sent", 1),
    Case("stuck", "retry", stuck, REOPENED, "sent", 1),
    Case("unclaimed", "retry", unclaimed, [*JUDGED, *BACK], "sent"),
    Case("drop_failed", "drop", World.bury_failed, [*JUDGED, "sqs.delete_message"], "failed"),
    Case("drop_stuck", "drop", stuck, DROPPED, "unknown", 1),
    Case("drop_unclaimed", "drop", unclaimed, DROPPED, "failed"),
)


def points(case: Case) -> Iterator[Point]:
    """Nothing of a process outlives it: dying before a step leaves what dying after the one before it left."""
    return (
        (step, side)
        for step in range(len(case.steps))
        for side in ("before", "after")
        if ALL or step == 0 or side == "after"
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_undisturbed(world: World, case: Case) -> None:
    gate, id_ = Gate(), case.bury(world)
    plan = case.plan(world, id_)
    world.carry_out(world.order(case.rule, id_, gate=gate, may_double=True), plan)
    assert gate.steps == case.steps
    case.holds(world, id_)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_dies_and_is_done_again(world: World, case: Case) -> None:
    for point in points(case):
        case.dies_at(world, point, sent_between=False)


@pytest.mark.parametrize("case", [CASES[0], CASES[1], CASES[3]], ids=lambda case: case.name)
def test_it_dies_and_is_done_again_once_send_sms_has_done_its_work(world: World, case: Case) -> None:
    for step, name in enumerate(case.steps):
        # Before that nothing has changed.
        if name.startswith(("dynamodb.update", "sqs.send", "sqs.delete")):
            case.dies_at(world, (step, "after"), sent_between=True)


def test_it_dies_twice(world: World) -> None:
    case = CASES[0]
    for first in (2, 3):
        for second in range(len(case.steps)) if ALL else (1, 3):
            id_ = case.bury(world)
            for step in (first, second):
                if world.letters():
                    plan = case.plan(world, id_)
                    with suppress(Death):
                        world.carry_out(world.order("retry", id_, gate=DeadlyGate(point=(step, "after"))), plan)
            case.again(world, id_)
            case.holds(world, id_)


@pytest.mark.parametrize("rule", ["retry", "drop"])
def test_a_plan_that_dies_has_changed_nothing(world: World, rule: str) -> None:
    gate, id_ = Gate(), world.bury("error_billing")
    before = world.stack.item(id_)
    world.order(rule, id_, gate=gate).plan()
    steps = gate.steps
    assert {name for name in steps if name.startswith("dynamodb")} == {"dynamodb.batch_get_item"}
    for point in ((step, side) for step in range(len(steps)) for side in ("before", "after")):
        with suppress(Death):
            world.order(rule, id_, gate=DeadlyGate(point=point)).plan()
        assert (world.stack.item(id_), world.letters(), world.waiting("bulk")) == (before, 1, 0)


def test_broken_off_by_ctrl_c_it_gives_back_what_it_holds(world: World) -> None:
    world.hidden = 60
    for _ in range(3):
        world.bury("error_billing")

    class Interrupted(Gate):
        def around(self, name: str, call: Callable[[], object]) -> object:
            if name == "sqs.send_message":
                raise KeyboardInterrupt
            return super().around(name, call)

    with pytest.raises(KeyboardInterrupt):
        world.carry_out(world.order("retry", gate=Interrupted()), world.order("retry").plan()[0])
    url = world.stack.names["DeadLetterQueue"]
    assert len(world.stack.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]) == 3
