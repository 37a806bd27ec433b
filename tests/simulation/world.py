"""The world of one seed: virtual time, the queues' consumers, the poller, the operator and what befalls them.

One thread. An invocation that stalls runs the rest of the world for a while inside the call it stalls in, and goes on
(or is killed) afterwards: exactly what others may do in the meantime, they do.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from functools import partial
from typing import Any

from mock_kobo.settings import Delivery
from tests.simulation.chaos import Chaos, Crash
from tests.simulation.dynamodb import FakeDynamoDB
from tests.simulation.fate import Fate
from tests.simulation.functions import EXPECTED, Functions, Makers, Warm, part_of, to_message
from tests.simulation.kobomobile import KoboMobile
from tests.simulation.ledger import Ledger
from tests.simulation.publications import START, Publication
from tests.simulation.scenario import Scenario, draw
from tests.simulation.sqs import BULK, PRIORITY, FakeSQS, Stored
from tests.simulation.trace import Frame, Trace

OUTCOMES = {"DELIVRD": 6.0, "UNDELIV": 1.0, "UNDELIV_DND": 1.0, "EXPIRED": 1.0, "DELETED": 0.5}
SEND_SECONDS, POLL_SECONDS = 30.0, 40.0
_DEEPEST = 3
_MOST_STEPS = 100_000


class World:
    """Runs one scenario to its end. `makers` may put broken collaborators in place of the real ones."""

    def __init__(self, seed: int, *, live: bool = False, makers: Makers | None = None) -> None:
        self.rng = random.Random(seed)
        self.now = START
        self.trace = Trace(live)
        self.scenario: Scenario = draw(self.rng)
        self.chaos = Chaos(self.rng, self.wait, self.stall)
        self.ledger = Ledger(self.clock, self.wait, self.note)
        self.dynamodb = FakeDynamoDB(self.chaos, self.ledger.written)
        self.sqs = FakeSQS(self.chaos, self.clock, self.note, self.scenario.max_receives)
        delivery = Delivery(self.scenario.delivery, OUTCOMES)
        self.kobo = KoboMobile(self.chaos, self.clock, self.ledger, self.scenario.dialect, delivery)
        self.secret = {"user": "demo", "pass": "demo-pass"}
        self.functions = Functions(self, makers or Makers())
        self.published: list[tuple[Publication, str]] = []
        self.steps = 0
        self._frames: list[Frame] = []
        self._idle: list[Warm] = []
        self._poller: Warm | None = None
        self._order = itertools.count()
        self._planned: list[tuple[float, int, Callable[[], None]]] = []
        self.closed_until = 0.0
        self._last_poll = 0.0
        self._fate = Fate(self)

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def note(self, *what: Any) -> None:
        self.trace.add(self.now, *what)

    def prompt(self) -> None:
        """Nobody to prompt yet."""

    def plan(self, at: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._planned, (at, next(self._order), act))

    def finish_plans(self) -> None:
        """Do at once all that is planned."""
        while self._planned:
            heapq.heappop(self._planned)[2]()

    def run(self) -> None:
        """Live through the scenario, then heal everything and run until all is quiet."""
        self.kobo.set_balance(self.scenario.balance)
        self.chaos.odds = self.scenario.odds
        for publication in self.scenario.publications:
            self.plan(publication.at, partial(self._publish, publication))
        for event in self.scenario.events:
            self.plan(event.at, partial(self._fate.befall, event))
        last = max(self.scenario.end, *(one.at + 3600 for one in self.scenario.publications))
        self._run_until(last)
        self._fate.heal()
        self._run_until(float("inf"))

    def stall(self) -> None:
        """Let the world go on while the innermost invocation stands still; it may not survive that."""
        if len(self._frames) >= _DEEPEST or not self._frames:
            return
        frame = self._frames[-1]
        seconds = self.rng.uniform(0, self.rng.choice((5.0, 60.0, 400.0)))
        self.note("stalls", frame.part, round(seconds))
        self._run_until(self.now + seconds)
        self.note("goes on", frame.part)
        if self.now > frame.deadline:
            if frame.part:
                self.ledger.untidy(frame.part, "stalled for long")
            if self.rng.random() < 0.7:
                raise Crash

    def _run_until(self, end: float) -> None:
        while True:
            at, act = min(self._next(), key=lambda one: one[0])
            if at > end or at == float("inf"):
                self.now = max(self.now, end) if end < float("inf") else self.now
                return
            self.steps += 1
            if self.steps > _MOST_STEPS:
                self.ledger.accuse("never comes to rest")
                return
            self.now = max(self.now, at)
            act()

    def _next(self) -> list[tuple[float, Callable[[], None]]]:
        never = float("inf")
        found: list[tuple[float, Callable[[], None]]] = [(never, lambda: None)]
        if self._planned:
            found.append((self._planned[0][0], lambda: heapq.heappop(self._planned)[2]()))
        for lane in (PRIORITY, BULK):
            visible = self.sqs.next_visible(lane)
            if visible is not None:
                found.append((max(visible, self.closed_until), partial(self._consume, lane)))
        due = self.dynamodb.next_due()
        if due is not None:
            found.append((max(due, self._last_poll + 60, self.closed_until), self._poll))
        return found

    def _publish(self, publication: Publication) -> None:
        id_ = self.sqs.put(publication.lane, publication.body, {})
        self.note("published", id_, publication.lane, publication.body[:90])
        self.published.append((publication, id_))

    def _consume(self, lane: str) -> None:
        batch = self.sqs.receive(lane, self.rng.choice((1, 1, 3, 5)))
        if not batch:
            return
        warm = self._idle.pop() if self._idle else self.functions.start()
        frame = Frame(self.now + SEND_SECONDS)
        self._frames.append(frame)
        try:
            done = [handle for stored, handle in batch if self._process(warm, frame, stored, handle)]
            for handle in done:
                self.chaos.edge()
                self.sqs.delete(handle)
            self._idle.append(warm)
        except Crash:
            self.note("crash", frame.part)
        finally:
            self._frames.pop()

    def _process(self, warm: Warm, frame: Frame, stored: Stored, handle: str) -> bool:
        frame.part = part_of(stored)
        try:
            verdict = warm.sender.process(to_message(stored, handle), frame.deadline)
        except EXPECTED as error:
            self.ledger.untidy(frame.part, type(error).__name__)
            return False
        except Crash:
            self.ledger.untidy(frame.part, "crash")
            raise
        except Exception as error:  # noqa: BLE001 - whatever else it raises is a bug to report
            self.ledger.accuse(f"{frame.part}: {type(error).__name__}: {error}")
            return False
        self.note("verdict", frame.part, verdict.outcome, verdict.answer, verdict.returns_after)
        frame.part = ""
        return verdict.returns_after is None

    def _poll(self) -> None:
        self._last_poll = self.now
        self._frames.append(Frame(self.now + POLL_SECONDS))
        try:
            # Taken out while it is in use: a stalled poller's objects are locked.
            warm, self._poller = self._poller or self.functions.start(), None
            tally = warm.poller.run(self.now + POLL_SECONDS)
            self._poller = warm
            self.note("polled", tally.parts, tally.calls, *tally.reached.items())
        except (Crash, *EXPECTED) as error:
            self.note("poll failed", type(error).__name__)
        finally:
            self._frames.pop()
