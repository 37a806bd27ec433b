"""An order to retry or to drop letters: planned by one look through the queue, carried out in another."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kobo_cli.connection import Connection
from kobo_cli.dead.carrying_out import Desk, Rule, carry_out
from kobo_cli.dead.plan import Planned, planned
from kobo_cli.dead.queue import DeadLetterQueue, looking_through
from kobo_cli.dead.selection import Selection
from kobo_cli.dead.stack_facts import StackFacts
from kobo_cli.dead.survey import Missed, look_at
from kobo_sms.aws.queues import Queues


@dataclass
class Order:
    """What `rule` does with the selected letters; `done` and `left` (message ids) tell how far it has come."""

    connection: Connection
    queue: DeadLetterQueue
    facts: StackFacts
    rule: Rule
    selection: Selection
    done: list[Planned] = field(default_factory=list)
    left: set[str] = field(default_factory=set)

    def plan(self) -> tuple[list[Planned], Missed]:
        """Return what would be done now, and what the look may have missed. Errors of AWS pass through."""
        return look_at(
            self.connection,
            self.queue,
            self.selection,
            lambda letter, standing: planned(letter, self.rule(letter, standing, time.time())),
        )

    def carry_out(self, plan: Sequence[Planned], progress: Callable[[int], object] = lambda done: None) -> None:
        """Do what was planned, with each letter for which it is still right; tell `progress` how many are done.

        Errors of AWS pass through.
        """
        lanes = Queues(self.connection.sqs, self.queue.lanes, self.queue.url)
        desk = Desk(self.rule, self.facts.store(self.connection), lanes, time.time)
        self.left = {each.letter for each in plan if each.acts}
        with looking_through(self.queue, time.time) as look:
            carry_out(look, desk, self.left, self.done, progress)
