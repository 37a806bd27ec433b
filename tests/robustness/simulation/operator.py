"""The operator: `kobo valve`'s own writes, made over the simulated table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from kobo_cli import valve_orders
from kobo_cli.errors import CliError
from kobo_sms.messages.lanes import Lane
from tests.robustness.simulation.chaos import Crash
from tests.robustness.simulation.functions import TABLE
from tests.robustness.simulation.timeline import NEVER, Frame

if TYPE_CHECKING:
    from kobo_cli.connection import Connection
    from tests.robustness.simulation.world import World

WHO = "operator/ada"
_PAUSE = 5.0


class Operator:
    """Gives orders as a task of its own, so that check_credit may write in between; tries again until one is taken."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._connection = cast(
            "Connection", SimpleNamespace(dynamodb=world.dynamodb, variables={"KOBO_TABLE": TABLE}, stack="kobo-sms")
        )

    def close(self, lanes: Sequence[Lane]) -> None:
        """Hold `lanes` closed."""

        def order() -> Any:
            return valve_orders.close(self._connection, lanes, by=WHO, reason="", now=self._world.now)

        self._give(order)

    def open(self, lanes: Sequence[Lane], *, wake: bool = False) -> None:
        """Take the holds of `lanes` away, and open them; those that rest only to `wake` them."""
        self._give(lambda: valve_orders.open_(self._connection, lanes, now=self._world.now, wake=wake))

    def _give(self, order: Callable[[], object]) -> None:
        def insist() -> None:
            while True:
                try:
                    order()
                except (Crash, CliError, BotoCoreError, ClientError) as error:
                    self._world.note("order failed", type(error).__name__)
                    self._world.timeline.wait(_PAUSE)
                else:
                    self._world.checks.prompt()
                    return

        self._world.timeline.start(insist, Frame(NEVER))
