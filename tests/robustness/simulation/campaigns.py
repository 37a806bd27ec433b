"""A campaign in a world: handed over, queued by queue_campaign each minute, paused, resumed or stopped on its way."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from kobo_sms.campaigns.campaign import Campaign
from kobo_sms.campaigns.ending import Ending
from kobo_sms.campaigns.files import CampaignFiles, requests_key
from kobo_sms.campaigns.lane_filling import LaneFilling
from kobo_sms.campaigns.members import pack
from kobo_sms.campaigns.orders import CampaignOrders, Ordered
from kobo_sms.campaigns.progress import CampaignProgress
from kobo_sms.campaigns.queueing import Queueing
from kobo_sms.campaigns.store import CampaignStore
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.runtime import Deadline, Runtime
from tests.robustness.simulation.chaos import Chaos, Crash
from tests.robustness.simulation.functions import EXPECTED, TABLE
from tests.robustness.simulation.publications import DAY, HOUR, START, Publication
from tests.robustness.simulation.stored import QUEUE_URLS
from tests.robustness.simulation.timeline import NEVER, Act, Frame

if TYPE_CHECKING:
    from tests.robustness.simulation.scenario import Scenario
    from tests.robustness.simulation.world import World

CAMPAIGN, TEXT = "sale", "Everything must go"
# template.yaml's schedule and time-out.
_TICK, _SECONDS = 60.0, 60.0
_KEEP = 30 * DAY
# Where a repeated message_uuid gets this, thirty parts in doubt look as if nothing worked: their lane stays closed.
_CLOSING = ("error_gw", "error_credit")


@dataclass(frozen=True)
class Plan:
    """A campaign: how many recipients each of its requests has, when it is handed over and begins, and what is ordered
    of it when. `member`: so many requests are queued at a time; `taken`: numbers of requests whose ids a program of its
    own uses, for other content, about when it begins."""

    requests: tuple[int, ...]
    handed_over: float
    at: float
    lane: Lane
    member: int = 3
    orders: tuple[tuple[float, str], ...] = ()
    calls_at_once: int = 10
    taken: tuple[int, ...] = ()

    def publications(self) -> Iterator[Publication]:
        """Yield what that program queues."""
        for number in self.taken:
            body = {"id": f"{CAMPAIGN}:{number}", "to": "+2348030100001", "msg": "something else"}
            yield Publication(max(START, self.at - 30.0 * (number % 3)), self.lane, json.dumps(body))

    @property
    def recipients(self) -> int:
        return sum(self.requests)


def draw_plan(rng: random.Random, scenario: Scenario) -> Plan | None:
    """Draw the campaign of a world: most have none."""
    if rng.random() > 0.3 or scenario.dialect.get("repeat") in _CLOSING:
        return None
    requests = tuple(rng.choice((1, 1, 1, 3, 10)) for _ in range(rng.choice((1, 4, 12, 30))))
    handed_over = START + rng.choice((0.0, rng.uniform(0, HOUR)))
    at = handed_over + rng.choice((0.0, 0.0, rng.uniform(0, HOUR)))
    orders: list[tuple[float, str]] = []
    when = at + rng.choice((rng.uniform(-60, 60), rng.uniform(0, 600)))
    if rng.random() < 0.3:
        orders.append((when, "pause"))
        when += rng.choice((5.0, rng.uniform(0, HOUR)))
        orders.append((when, "resume"))
        when += rng.uniform(0, 300)
    if rng.random() < 0.5:
        orders.append((max(when, handed_over + 1), "stop"))
    lane = Lane.BULK if rng.random() < 0.9 else Lane.PRIORITY
    how = rng.choice((1, 3, 100)), tuple(orders), rng.choice((1, 10))
    taken = tuple(n for n in range(1, len(requests) + 1) if rng.random() < 0.2) if rng.random() < 0.3 else ()
    return Plan(requests, handed_over, at, lane, *how, taken)


class InTurn(Executor):
    """A pool of no threads: what is submitted is done at once, in order."""

    def map(self, fn: Any, *iterables: Any, timeout: Any = None, chunksize: int = 1, **_: Any) -> Iterator[Any]:
        return iter([fn(*each) for each in zip(*iterables, strict=True)])


@dataclass
class FakeS3:
    """S3's GetObject with a range; `chaos` is met on the way."""

    chaos: Chaos
    files: dict[str, bytes] = field(default_factory=dict)

    def get_object(self, *, Bucket: str, Key: str, Range: str) -> dict[str, Any]:  # noqa: N803
        def read() -> dict[str, Any]:
            first, _, last = Range.removeprefix("bytes=").partition("-")
            return {"Body": BytesIO(self.files[Key][int(first) : int(last) + 1])}

        return self.chaos.around("s3.get_object", read)


class Campaigns:
    """What hands the campaign over, orders about it and queues it."""

    def __init__(self, world: World, plan: Plan | None) -> None:
        self.plan = plan
        self._world = world
        self._s3 = FakeS3(world.chaos)
        self._last_run = 0.0
        self._warm: Queueing | None = None

    def begin(self) -> None:
        """Plan what the scenario holds in store."""
        if self.plan is None:
            return
        self._world.timeline.plan(self.plan.handed_over, self._hand_over)
        for at, order in self.plan.orders:
            self._world.timeline.plan(at, partial(self._give, order))

    def next(self) -> tuple[float, Act]:
        """Return when queue_campaign has something to do, and what has it do so."""
        due = self._world.dynamodb.next_campaign() if self.plan else None
        return (NEVER if due is None else max(due, self._last_run + _TICK)), self._start_run

    def heal(self) -> None:
        """Have nothing paused for good."""
        if self.plan is not None:
            self._give("resume")

    def ids(self) -> list[str]:
        """Return the ids of its requests."""
        return [f"{CAMPAIGN}:{n}" for n in range(1, len(self.plan.requests) + 1)] if self.plan else []

    def _hand_over(self) -> None:
        assert self.plan is not None
        file = b"".join(pack(self._lines(self.plan), self.plan.member))
        self._s3.files[requests_key(CAMPAIGN, "digest")] = file
        counts = len(self.plan.requests), self.plan.recipients
        campaign = Campaign(
            CAMPAIGN, "digest", len(file), *counts, self.plan.at, self.plan.handed_over, lane=self.plan.lane
        )
        self._insist("accept", lambda orders: orders.accept(campaign))

    def _lines(self, plan: Plan) -> Iterator[bytes]:
        first = 10_000
        for id_, count in zip(self.ids(), plan.requests, strict=True):
            to = [f"+23480302{n:05d}" for n in range(first, first + count)]
            first += count
            yield json.dumps({"id": id_, "to": to, "msg": TEXT, "campaign": CAMPAIGN}).encode()

    def _give(self, order: str) -> None:
        given: dict[str, str] = {"by": "ada"} if order == "stop" else {}
        self._insist(order, lambda orders: getattr(orders, order)(CAMPAIGN, now=self._world.now, **given))

    def _insist(self, what: str, order: Callable[[CampaignOrders], Ordered]) -> None:
        def insist() -> None:
            orders = CampaignOrders(cast("Any", self._world.dynamodb), TABLE, keep_seconds=_KEEP)
            while True:
                try:
                    ordered = order(orders)
                except (Crash, BotoCoreError, ClientError) as error:
                    self._world.note(what, "failed", type(error).__name__)
                    self._world.timeline.wait(5.0)
                else:
                    self._world.note(what, ordered.changed, ordered.campaign and ordered.campaign.state)
                    return

        self._world.timeline.start(insist, Frame(NEVER))

    def _start_run(self) -> None:
        self._last_run = self._world.now
        self._world.timeline.start(self._run, Frame(self._world.now + _SECONDS, mortal=True))

    def _run(self) -> None:
        world = self._world
        # Taken out while it is in use: another run may begin meanwhile.
        warm, self._warm = self._warm or self._cold(), None
        try:
            result = warm.run(Deadline.in_seconds(_SECONDS, world.clock))
        except Crash:
            world.note("queueing crashed")
            return
        if result.failure is not None and not isinstance(result.failure, EXPECTED):
            raise result.failure
        for error in result.faulty.values():
            world.ledger.accuse(f"the campaign was put off: {error!r}")
        world.note("queued", result.requests, result.finished, type(result.failure).__name__)
        self._warm = warm

    def _cold(self) -> Queueing:
        world, plan = self._world, self.plan
        assert plan is not None
        dynamodb, sqs, pool = cast("Any", world.dynamodb), cast("Any", world.sqs), InTurn()
        lanes = {
            lane: LaneFilling(sqs, QUEUE_URLS[lane], plan.calls_at_once, pool, world.clock, world.timeline.wait)
            for lane in LANES
        }
        runtime = Runtime(world.clock, world.rng.uniform, lambda: f"queueing-{world.rng.getrandbits(48):x}")
        return Queueing(
            CampaignStore(dynamodb, TABLE, keep_seconds=_KEEP),
            CampaignFiles(cast("Any", self._s3), "campaigns"),
            lanes,
            Ending(CampaignProgress(dynamodb, TABLE, pool)).look,
            runtime,
            world.timeline.wait,
        )
