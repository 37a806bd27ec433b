"""The world of one seed: virtual time, the simulated services, the functions and what befalls them."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

from kobo_sms.runtime import Deadline
from mock_kobo.state.settings import Delivery
from tests.robustness.simulation.campaigns import Campaigns, draw_plan
from tests.robustness.simulation.chaos import CALM, Chaos, Crash
from tests.robustness.simulation.checks import Checks
from tests.robustness.simulation.consumers import Consumer
from tests.robustness.simulation.dynamodb import FakeDynamoDB
from tests.robustness.simulation.fate import Fate
from tests.robustness.simulation.functions import EXPECTED, Functions, Makers, Warm
from tests.robustness.simulation.functions_api import FakeLambda
from tests.robustness.simulation.kobomobile import KoboMobile
from tests.robustness.simulation.ledger import Ledger
from tests.robustness.simulation.mappings import Mappings
from tests.robustness.simulation.nights import Nights, draw_nights
from tests.robustness.simulation.optouts import OptOuts, draw_turns
from tests.robustness.simulation.publications import START, Publication
from tests.robustness.simulation.scenario import Scenario, draw
from tests.robustness.simulation.sqs import BULK, PRIORITY, FakeSQS
from tests.robustness.simulation.telling import Telling
from tests.robustness.simulation.timeline import NEVER, Act, Frame, Timeline
from tests.robustness.simulation.topic import FakeSNS
from tests.robustness.simulation.trace import Trace

OUTCOMES = {"DELIVRD": 6.0, "UNDELIV": 1.0, "UNDELIV_DND": 1.0, "EXPIRED": 1.0, "DELETED": 0.5}
POLL_SECONDS, POLL_EVERY = 40.0, 60.0
_MOST_STEPS = 500_000
# A lane that is held for good keeps its messages for 13 days.
_LONGEST_REST = 40 * 86_400.0


class World:
    """Runs one scenario to its end. `makers` may put broken collaborators in place of the real ones."""

    def __init__(
        self, seed: int, *, live: bool = False, makers: Makers | None = None, scenario: Scenario | None = None
    ) -> None:
        self.rng = random.Random(seed)
        self.timeline = Timeline(START)
        self.trace = Trace(live)
        self.scenario: Scenario = scenario or draw(self.rng)
        turns = []
        if scenario is None:
            draw_nights(self.scenario, random.Random(f"nights {seed}"))
            turns = draw_turns(self.scenario.publications, random.Random(f"opt-outs {seed}"))
        self.nights, self.optouts = Nights(self), OptOuts(self, turns)
        self.chaos = Chaos(self.rng, self.timeline.wait, self.stall)
        self.ledger = Ledger(self.timeline, self.note)
        self.ledger.informed = lambda: self.chaos.odds == CALM
        self.ledger.reached = self.nights.reached
        self.watch = self.ledger.watch
        self.dynamodb = FakeDynamoDB(self.chaos, self.ledger.written)
        self.sqs = FakeSQS(self.chaos, self.clock, self.note, self.scenario.max_receives)
        self.topic = FakeSNS(self.chaos, self.clock, self.note)
        self.mappings = Mappings(self.chaos, self.clock, self.timeline.plan, self.note)
        self.functions_api = FakeLambda(self)
        delivery = Delivery(self.scenario.delivery, OUTCOMES)
        self.kobo = KoboMobile(self.chaos, self.clock, self.ledger, self.scenario.dialect, delivery)
        self.secret = {"user": "demo", "pass": "demo-pass"}
        self.checks = Checks(self)
        self.functions = Functions(self, makers or Makers())
        # Drawn apart: the worlds without a campaign are what they would be without this.
        plan = None if scenario else draw_plan(random.Random(f"campaign {seed}"), self.scenario)
        self.scenario.publications += plan.publications() if plan else ()
        self.campaigns = Campaigns(self, plan)
        self.telling = Telling(self, seed, (makers or Makers()).publisher)
        self.dynamodb.streamed = self.telling.written
        self.published: list[tuple[Publication, str]] = []
        self.idle: list[Warm] = []
        self.fate = Fate(self)
        self._poller: Warm | None = None
        self._last_poll = 0.0
        self.timeline.sources += [self.checks.next, self._next_poll, self.campaigns.next]
        self.timeline.sources += [Consumer(self, lane).next for lane in (PRIORITY, BULK)]

    @property
    def now(self) -> float:
        return self.timeline.now

    def clock(self) -> float:
        return self.timeline.now

    def note(self, *what: Any) -> None:
        self.trace.add(self.now, *what)

    def begin(self) -> None:
        """Plan what the scenario holds in store."""
        self.kobo.set_balance(self.scenario.balance)
        self.chaos.odds = self.scenario.odds
        self.optouts.begin()
        for publication in self.scenario.publications:
            self.timeline.plan(publication.at, partial(self._publish, publication))
        for event in self.scenario.events:
            self.timeline.plan(event.at, partial(self.fate.befall, event))
        self.campaigns.begin()

    def run(self) -> None:
        """Live through the scenario, then heal everything and run until all is quiet."""
        self.live()
        self.rest()

    def live(self) -> None:
        """Live through the scenario, then heal everything."""
        self.begin()
        self.timeline.run(max(self.scenario.end, *(one.at + 3600 for one in self.scenario.publications)))
        self.fate.heal()

    def rest(self) -> None:
        """Run until all is quiet."""
        self.timeline.run(self.now + _LONGEST_REST, at_rest=self._at_rest)
        self.sqs.expire()
        if not self._at_rest() or self.timeline.steps > _MOST_STEPS:
            self.ledger.accuse("never comes to rest")

    def settled(self) -> bool:
        """Tell whether check_credit has nothing left to do, nor will have as things are."""
        # Asked before each step: first what is told at once.
        if self.sqs.messages or self.fate.busy or not self.watch.calm:
            return False
        disabled = self.watch.held | self.watch.resting
        lanes = self.mappings.by_lane.items()
        return all(each.state == ("Disabled" if lane in disabled else "Enabled") for lane, each in lanes)

    def stall(self) -> None:
        """Let the task that has its turn stand still; it may not survive that."""
        frame = self.timeline.frame
        if frame is None:
            return
        self.note("stalls", frame.part)
        self.timeline.wait(self.rng.uniform(0, self.rng.choice((5.0, 60.0, 400.0))))
        self.note("goes on", frame.part)
        if self.now > frame.deadline:
            for part in sorted(frame.held | {frame.part} - {""}):
                self.ledger.untidy(part, "stalled for long")
            if self.rng.random() < 0.7:
                raise Crash

    def _at_rest(self) -> bool:
        due = (self.dynamodb.next_due(), self.dynamodb.next_campaign())
        quiet = not self.timeline.busy and due == (None, None) and self.checks.content
        quiet = quiet and self.telling.done
        return (quiet and self.settled()) or self.timeline.steps > _MOST_STEPS

    def _publish(self, publication: Publication) -> None:
        id_ = self.sqs.put(publication.lane, publication.body, {})
        self.note("published", id_, publication.lane, publication.body[:90])
        self.published.append((publication, id_))
        self.checks.news()

    def _next_poll(self) -> tuple[float, Act]:
        due = self.dynamodb.next_due()
        return (NEVER if due is None else max(due, self._last_poll + POLL_EVERY)), self._start_poll

    def _start_poll(self) -> None:
        self._last_poll = self.now
        self.timeline.start(self._poll, Frame(self.now + POLL_SECONDS))

    def _poll(self) -> None:
        # Taken out while it is in use: another poll may begin meanwhile.
        warm, self._poller = self._poller or self.functions.start(), None
        try:
            tally = warm.poller.run(Deadline.in_seconds(POLL_SECONDS + 20, self.clock))
            if tally.failure is not None and not isinstance(tally.failure, EXPECTED):
                raise tally.failure
            if tally.put_off or tally.unreadable:
                self.ledger.accuse(f"{tally.put_off} parts were put off, though nothing is wrong with them")
        except (Crash, *EXPECTED) as error:
            self.note("poll failed", type(error).__name__)
        else:
            self._poller = warm
            self.note("polled", tally.parts, tally.calls, tally.stopped, type(tally.failure).__name__)
