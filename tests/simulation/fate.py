"""What befalls a world from outside, and how everything is put right in the end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from mock_kobo.faults import Fault
from tests.simulation.chaos import CALM
from tests.simulation.scenario import Event

if TYPE_CHECKING:
    from tests.simulation.world import World


class Fate:
    """Does to a world what its scenario holds in store."""

    def __init__(self, world: World) -> None:
        self._world = world

    def befall(self, event: Event) -> None:
        """Let `event` happen now."""
        self._world.note(event.what, *event.arguments.values())
        getattr(self, event.what)(**event.arguments)

    def break_kobomobile(self, *, lasting: float, **fault: Any) -> None:
        """Put a fault of the mock in force for a while."""
        id_ = self._world.kobo.mock.faults.add(Fault(**fault)).id
        self._world.plan(self._world.now + lasting, lambda: cast("None", self._world.kobo.mock.faults.clear(id_)))

    def top_up(self, *, credit: int) -> None:
        """Add credit."""
        self._world.kobo.top_up(credit)

    def suspend(self, *, lasting: float) -> None:
        """Suspend the account for a while."""
        self._world.kobo.set_account(suspended=True)
        self._world.plan(self._world.now + lasting, lambda: self._world.kobo.set_account(suspended=False))

    def rotate(self, *, gap: float) -> None:
        """Change the password at KoboMobile, and a while later in the secret."""
        self._world.kobo.set_account(**{"pass": "rotated"})
        self._world.plan(self._world.now + gap, lambda: self._world.secret.update({"pass": "rotated"}))

    def jump(self, *, seconds: float) -> None:
        """Let nobody consume anything for a while: a closed valve, or a clock that jumps."""
        self._world.closed_until = self._world.now + seconds

    def calm_down(self) -> None:
        """Let AWS work well from now on."""
        self._world.chaos.odds = CALM

    def heal(self) -> None:
        """End every hardship, give credit and hand back what SQS took away."""
        self._world.note("healing")
        self._world.chaos.odds = CALM
        self._world.sqs.max_receives = 1000
        self._world.finish_plans()
        self._world.closed_until = 0.0
        self._world.kobo.mock.faults.clear()
        self._world.kobo.top_up(10_000_000)
        # The operator hands back what SQS itself took away; a request without an id keeps the one it had.
        for message in [one for one in self._world.sqs.dead if one.redriven]:
            fields = json.loads(message.body) if message.body.startswith("{") and len(message.body) > 1 else None
            body = json.dumps({"id": message.id} | fields) if fields else message.body
            self._world.sqs.dead.remove(message)
            self._world.sqs.put(message.lane, body, message.attributes)
