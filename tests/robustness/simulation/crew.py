"""The threads of an invocation of send_sms as tasks of the timeline."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from kobo_sms.aws.queues import Message
from kobo_sms.messages.parts import PART, ROOT
from kobo_sms.sending.batch import Stage, Step, Work
from tests.robustness.simulation.chaos import Crash
from tests.robustness.simulation.timeline import NEVER, Frame, Process

if TYPE_CHECKING:
    from kobo_sms.sending.crew import Job
    from tests.robustness.simulation.world import World

Came = tuple[Stage, Step]


class TimelineCrew:
    """A Crew for the task that makes it; `ended` is called once that task has left and no other is under way.

    What its task has in hand, between two jobs about a message, is in the task's frame.
    """

    def __init__(self, world: World, process: Process, calls_at_once: int, ended: Callable[[], None]) -> None:
        self._world, self._process, self._ended = world, process, ended
        self._head = world.timeline.task
        self._room = calls_at_once
        self._queued: deque[Work] = deque()
        self._done: list[Came] = []
        self._under_way = 1

    def start(self, job: Job[Came]) -> None:
        self._launch(job, lambda: None)

    def start_call(self, job: Job[Came]) -> None:
        assert isinstance(job, Work)
        self._head.frame.held.add(part_of(job.message))
        self._queued.append(job)
        self._call_next()

    def finished(self, timeout: float | None = None) -> list[Came]:
        timeline = self._world.timeline
        until = NEVER if timeout is None else timeline.now + timeout
        while not self._done and timeline.now < until:
            timeline.park(until)
        found, self._done = self._done, []
        return found

    def leave(self) -> None:
        """Have the task that made the crew count as ended."""
        self._under_way -= 1
        if not self._under_way:
            self._ended()

    def _call_next(self) -> None:
        while self._room and self._queued:
            self._room -= 1
            self._launch(self._queued.popleft(), self._make_room)

    def _make_room(self) -> None:
        self._room += 1
        if not self._process.dead:
            self._call_next()

    def _launch(self, job: Job[Came], then: Callable[[], None]) -> None:
        assert isinstance(job, Work)
        head, part = self._head.frame, part_of(job.message)
        frame = Frame(head.deadline, self._process, part, job.message.lane, job.message.probe)
        frame.environment = head.environment
        head.held.discard(part)
        self._under_way += 1
        self._world.timeline.start(partial(self._do, job, frame, then), frame)

    def _do(self, job: Work, frame: Frame, then: Callable[[], None]) -> None:
        try:
            came_to = job()
            self._done.append(came_to)
            self._head.frame.held.add(frame.part)
        except Crash:
            self._process.dead = True
            self._world.ledger.untidy(frame.part, "crash")
            self._world.note("crash", frame.part)
        finally:
            then()
            self._world.timeline.wake(self._head)
            self.leave()


def part_of(message: Message) -> str:
    """Return `id/part` of the part that a message carries; a request that can't be read goes by its message's id."""
    return f"{_id_in(message.body, message.message_id)}/{message.attributes.get(PART, ROOT)}"


@lru_cache(10_000)
def _id_in(body: str, default: str) -> str:
    try:
        return str(json.loads(body).get("id", default))
    except (ValueError, AttributeError):
        return default
