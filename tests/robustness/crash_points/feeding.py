"""A stream worked off by invocations of publish_status that die or meet, as Lambda works a shard off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from local_aws.stream_shard import Record, StreamShard
from tests.robustness.crash_points.invocations import Invocation, Point, Runner
from tests.robustness.telling.outside import Outside
from tests.robustness.telling.stream import MAPPING, handed_out
from tests.robustness.telling.table import Table
from tests.robustness.telling.told import broken
from tests.unit.events.stream import SECRET_TEXT

MOST_INVOCATIONS = 40


@dataclass
class Feeding:
    """Lambda's part at one shard of `table`'s stream; its functions reach `outside`."""

    table: Table
    outside: Outside
    runner: Runner
    steps: list[str] = field(default_factory=list)
    died: int = 0

    def live(self, *points: Point, shard: int = 0) -> None:
        """Work a shard off; each point, counted from the death before, ends the process that reaches it."""
        at, left = StreamShard(MAPPING), list(points)
        at.add(self.table.stream.of_shard(shard))
        for _ in range(MOST_INVOCATIONS):
            batch = at.batch()
            if not batch:
                return
            invocation = self.start(batch, left[0] if left else None)
            if invocation.ended == "died":
                self.died += 1
                del left[0]
            elif left:
                left[0] = left[0][0] - len(invocation.steps), left[0][1]
            self.take_back(at, batch, invocation)
        raise AssertionError(f"no end after {MOST_INVOCATIONS} invocations:\n{self.runner.last_lines()}")

    def start(self, batch: Sequence[Record], point: Point | None = None, *, dies: bool = True) -> Invocation:
        """Hand out a batch."""
        invocation = self.runner.start({"Records": handed_out(batch)}, 0.0, point, dies=dies)
        self.steps += invocation.steps
        return invocation

    def take_back(self, shard: StreamShard, batch: list[Record], invocation: Invocation) -> None:
        """Note what an invocation that has ended answered."""
        answer = {"batchItemFailures": [{"itemIdentifier": each} for each in invocation.failed]}
        shard.answered(batch, answer, failed=invocation.ended == "died")

    def broken(self) -> list[str]:
        """Return what does not hold once all is worked off."""
        return broken(self.table.stream, self.outside.log, self.table.readable(), [SECRET_TEXT])
