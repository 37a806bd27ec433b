"""Lambda's pollers: they bring what is on a lane to send_sms, while its event source mapping has them do so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kobo_sms.messages.lanes import Lane
from tests.robustness.simulation.chaos import Crash
from tests.robustness.simulation.invocations import Invocation, to_message
from tests.robustness.simulation.sqs import VISIBILITY
from tests.robustness.simulation.timeline import NEVER, Act

if TYPE_CHECKING:
    from tests.robustness.simulation.world import World

# More than template.yaml's for the default SendConcurrency: the more warm functions, the more there is to agree on.
_MOST_INVOCATIONS = 5


class Consumer:
    """The pollers of one lane."""

    def __init__(self, world: World, lane: Lane) -> None:
        self._world, self._lane = world, lane
        self._mapping = world.mappings.by_lane[lane]
        self._running = 0

    def next(self) -> tuple[float, Act]:
        """Return when there is something to bring, and what brings it."""
        if not self._mapping.consuming or self._running >= _MOST_INVOCATIONS:
            return NEVER, self._consume
        visible = self._world.sqs.next_visible(self._lane)
        return (NEVER if visible is None else visible), self._consume

    def _consume(self) -> None:
        world = self._world
        batch = world.sqs.receive(self._lane, world.rng.choice(world.scenario.batch_sizes), VISIBILITY[self._lane])
        if not batch:
            return
        world.ledger.brought.append((world.now, self._lane))
        self._running += 1
        Invocation(world, [to_message(stored, handle) for stored, handle in batch], self._take_back).start()

    def _take_back(self, invocation: Invocation) -> None:
        """Delete what is done; of an invocation that died everything comes back."""
        self._running -= 1
        if invocation.process.dead:
            return
        try:
            for message in invocation.messages:
                if message.message_id not in invocation.staying:
                    self._world.chaos.edge()
                    self._world.sqs.delete(message.receipt_handle)
        except Crash:
            self._world.note("crash of a poller", self._lane)
