"""Invocations of send_sms: what its handler does with the records of an event, as many at once as it makes calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from kobo_sms.aws.queues import Message
from kobo_sms.messages.lanes import Lane
from kobo_sms.runtime import Deadline
from kobo_sms.sending.batch import Processed
from kobo_sms.sending.result import SendResult
from tests.robustness.simulation.chaos import Crash
from tests.robustness.simulation.crew import TimelineCrew, part_of
from tests.robustness.simulation.functions import EXPECTED, Warm
from tests.robustness.simulation.stored import Stored
from tests.robustness.simulation.timeline import Frame, Process

if TYPE_CHECKING:
    from tests.robustness.simulation.world import World

# template.yaml's time-out.
SEND_SECONDS = 30.0


class Invocation:
    """One invocation; `process.dead` once it has crashed, `staying` names the messages that stay on the queue."""

    def __init__(self, world: World, messages: Sequence[Message], ended: Callable[[Invocation], None]) -> None:
        self.messages = messages
        self.process = Process()
        self.running = True
        self.staying: list[str] = []
        self.counts = {"accepted": 0, "no_credit": 0, "answered": 0, "failed": 0}
        self._world, self._ended = world, ended
        self._warm: Warm = world.idle.pop() if world.idle else world.functions.start()

    def start(self) -> None:
        """Begin, as soon as whoever has its turn waits."""
        timeline, first = self._world.timeline, self.messages[0]
        frame = Frame(timeline.now + SEND_SECONDS, self.process, environment=self._warm.number)
        frame.lane, frame.probe = first.lane, first.probe
        if len(self.messages) == 1:
            frame.part = part_of(first)
        timeline.start(self._work, frame)

    def answer(self) -> dict[str, Any]:
        """Return what the handler answers to a probe."""
        return {"batchItemFailures": [{"itemIdentifier": each} for each in self.staying], **self.counts}

    def _work(self) -> None:
        world = self._world
        frame = world.timeline.task.frame
        crew = TimelineCrew(world, self.process, world.scenario.calls_at_once, self._end)
        deadline = Deadline(frame.deadline, world.clock)
        try:
            for processed in self._warm.sender.process(self.messages, deadline, lambda: crew):
                self._take_in(processed)
                frame.held.discard(part_of(processed.message))
        except Crash:
            self.process.dead = True
            for part in sorted(frame.held | {frame.part} - {""}):
                world.ledger.untidy(part, "crash")
            world.note("crash", frame.part)
        finally:
            crew.leave()

    def _end(self) -> None:
        self.running = False
        if not self.process.dead:
            self._world.idle.append(self._warm)
        self._ended(self)

    def _take_in(self, processed: Processed) -> None:
        part, ledger = part_of(processed.message), self._world.ledger
        result = processed.result
        if isinstance(result, SendResult):
            self._count(processed.message, result)
            return
        self.staying.append(processed.message.message_id)
        if isinstance(result, EXPECTED):
            ledger.untidy(part, type(result).__name__)
        else:
            # Whatever else it raises is a bug to report.
            ledger.accuse(f"{part}: {type(result).__name__}: {result}")

    def _count(self, message: Message, result: SendResult) -> None:
        self._world.note("verdict", part_of(message), result.outcome, result.answer, result.returns_after)
        if result.met:
            self.counts[result.met] += 1
        if result.returns_after is not None:
            self.staying.append(message.message_id)


def to_message(stored: Stored, handle: str) -> Message:
    """Return what send_sms's handler makes of an SQS record."""
    sent_at = round(stored.sent_at, 3)
    return Message(stored.id, handle, stored.body, stored.attributes, sent_at, Lane(stored.lane), stored.receives)
