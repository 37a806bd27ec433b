"""Operators who retry what lies dead, while all goes on: `kobo dead`'s own code over the simulated table and queues.

`python -m tests.robustness.simulation --retries --seeds 500` runs many worlds with operators in them.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from kobo_cli.dead.carrying_out import Desk
from kobo_cli.dead.letters import Letter
from kobo_cli.dead.plan import Planned
from kobo_cli.dead.verdicts import Judge, Step
from kobo_sms.aws.queues import Queues
from kobo_sms.messages.lanes import Lane
from kobo_sms.sending.operator_store import OperatorStore
from kobo_sms.sending.part_items import PartItems
from tests.robustness.simulation.chaos import Crash
from tests.robustness.simulation.functions import DEFAULT_SENDER, FINGERPRINTS, NAMESPACE, TABLE
from tests.robustness.simulation.publications import DAY, START
from tests.robustness.simulation.run import Result, inspect, make_world
from tests.robustness.simulation.stored import DEAD, QUEUE_URLS, Stored
from tests.robustness.simulation.timeline import NEVER, Frame

if TYPE_CHECKING:
    from kobo_cli.dead.queue import Look
    from tests.robustness.simulation.world import World

_PAUSE = 5.0


class Retrier:
    """Retries letters as a task of its own, and begins again when it dies; `done` is what it did."""

    def __init__(self, world: World, *, may_double: bool, store: type[OperatorStore] = OperatorStore) -> None:
        self._world = world
        self._judge = Judge(FINGERPRINTS, "NG", may_double=may_double)
        self._store = store
        self.done: list[Planned] = []

    def begin(self) -> None:
        """Deal with every letter that there is."""
        self._world.timeline.start(self._insist, Frame(NEVER))

    def delete(self, letter: Letter) -> None:
        """Delete a letter; it may be gone already."""
        dead = self._world.sqs.dead

        def delete() -> None:
            dead[:] = [each for each in dead if each.id != letter.message_id]

        self._world.chaos.around("sqs.delete_message", delete)

    def _insist(self) -> None:
        while True:
            try:
                self._deal_with_all()
            except (Crash, BotoCoreError, ClientError) as error:
                self._world.note("retry failed", type(error).__name__)
                self._world.timeline.wait(_PAUSE)
            else:
                return

    def _deal_with_all(self) -> None:
        world, sqs = self._world, cast("Any", self._world.sqs)
        # A new process: it remembers nothing of the one before.
        store = self._store(
            cast("Any", world.dynamodb),
            TABLE,
            PartItems(30 * 86_400.0, FINGERPRINTS, NAMESPACE, DEFAULT_SENDER),
        )
        desk = Desk(self._judge.retry, store, Queues(sqs, QUEUE_URLS, DEAD), world.clock)
        for stored in list(world.sqs.dead):
            done = desk.deal_with(_letter(stored), cast("Look", self))
            world.note("retried", done.request_id, done.part, done.step.name, done.why)
            world.checks.news()
            self.done.append(done)


def _letter(stored: Stored) -> Letter:
    source = Lane(stored.lane) if stored.redriven else None
    return Letter(stored.id, stored.id, stored.body, stored.attributes, stored.sent_at, stored.receives, source)


def live_through(
    seed: int, *, trace: bool = False, store: type[OperatorStore] = OperatorStore
) -> tuple[Result, Counter[Step]]:
    """Run the world of a seed with operators in it; return what came of it, and what they did."""
    rng = random.Random(seed)
    with make_world(seed, live=trace) as world:
        retriers = [Retrier(world, may_double=rng.random() < 0.5, store=store) for _ in range(rng.choice((2, 3, 5)))]
        for retrier in retriers[1:]:
            at = START + rng.uniform(0, rng.choice((600.0, DAY)))
            # Now and then two at once.
            for _ in range(rng.choice((1, 1, 2))):
                world.timeline.plan(at, retrier.begin)
        world.live()
        # KoboMobile works again: what failed is sent.
        retriers[0].begin()
        world.rest()
        done = Counter(done.step for each in retriers for done in each.done)
        result = Result(seed, inspect(world), "", world.timeline.steps, len(world.kobo.executed()), "--retries ")
        return result, done


def simulate_retries(seed: int, *, live: bool = False) -> Result:
    """Run the world of a seed with operators in it; `live` prints what happens."""
    return live_through(seed, trace=live)[0]
