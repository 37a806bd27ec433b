"""Invocations of send_sms: what its handler does with the records of an event, as many at once as it makes calls."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from kobo_sms.aws.part_attributes import PART
from kobo_sms.aws.queues import Message
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.parts import ROOT
from kobo_sms.runtime import Deadline
from kobo_sms.sending.result import SendResult
from tests.robustness.simulation.chaos import Crash
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
        self._left = deque(messages)
        self._threads = 0

    def start(self) -> None:
        """Begin, as soon as whoever has its turn waits."""
        timeline = self._world.timeline
        for _ in range(min(self._world.scenario.calls_at_once, len(self.messages))):
            self._threads += 1
            frame = Frame(timeline.now + SEND_SECONDS, self.process, environment=self._warm.number)
            timeline.start(self._work, frame)

    def answer(self) -> dict[str, Any]:
        """Return what the handler answers to a probe."""
        return {"batchItemFailures": [{"itemIdentifier": each} for each in self.staying], **self.counts}

    def _work(self) -> None:
        frame = self._world.timeline.frame
        assert frame is not None
        try:
            while self._left and not self.process.dead:
                self._process(self._left.popleft(), frame)
        except Crash:
            self.process.dead = True
            self._world.note("crash", frame.part)
        finally:
            self._threads -= 1
            if not self._threads:
                self._end()

    def _end(self) -> None:
        self.running = False
        if not self.process.dead:
            self._world.idle.append(self._warm)
        self._ended(self)

    def _process(self, message: Message, frame: Frame) -> None:
        frame.part, frame.lane, frame.probe = part_of(message), message.lane, message.probe
        ledger = self._world.ledger
        try:
            verdict = self._warm.sender.process(message, Deadline(frame.deadline, self._world.clock))
        except EXPECTED as error:
            ledger.untidy(frame.part, type(error).__name__)
            self.staying.append(message.message_id)
        except Crash:
            ledger.untidy(frame.part, "crash")
            raise
        except Exception as error:  # noqa: BLE001 - whatever else it raises is a bug to report
            ledger.accuse(f"{frame.part}: {type(error).__name__}: {error}")
            self.staying.append(message.message_id)
        else:
            self._take_in(message, verdict)
        frame.part = ""

    def _take_in(self, message: Message, verdict: SendResult) -> None:
        self._world.note("verdict", part_of(message), verdict.outcome, verdict.answer, verdict.returns_after)
        if verdict.met:
            self.counts[verdict.met] += 1
        if verdict.returns_after is not None:
            self.staying.append(message.message_id)


def to_message(stored: Stored, handle: str) -> Message:
    """Return what send_sms's handler makes of an SQS record."""
    sent_at = round(stored.sent_at, 3)
    return Message(stored.id, handle, stored.body, stored.attributes, sent_at, Lane(stored.lane), stored.receives)


def part_of(message: Message) -> str:
    """Return `id/part` of the part that a message carries; a request that can't be read goes by its message's id."""
    try:
        id_ = str(json.loads(message.body).get("id", message.message_id))
    except (ValueError, AttributeError):
        id_ = message.message_id
    return f"{id_}/{message.attributes.get(PART, ROOT)}"
