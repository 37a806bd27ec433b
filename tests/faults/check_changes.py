"""What changes for check_credit, and how all must stand once it has seen to it, whatever befell it meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from kobo_sms.answers import Refused
from kobo_sms.signs import CREDENTIALS, CREDIT, GATEWAY, LANES
from tests.faults.check_world import CheckWorld

# Past the lease of an alert that a check has died with, the wait of a trial and the visibility of what was tried.
LATER = 100.0
REPEATED = "This alert may have reached you before."


@dataclass(frozen=True)
class Change:
    """`happen` brings a fresh world to the moment before the check in question.

    `closed` is what must be closed in the end and why, `kind` the one alert, after `further` checks at the most.
    """

    name: str
    happen: Callable[[CheckWorld], None]
    kind: str
    closed: Mapping[str, str] = field(default_factory=dict)
    further: int = 2

    def begin(self) -> CheckWorld:
        world = CheckWorld()
        self.happen(world)
        world.topic.published.clear()
        return world

    def broken(self, world: CheckWorld, published: set[int]) -> list[str]:
        """Return what does not hold; `published` is how often the alert may have been."""
        alerts = world.topic.published
        problems = []
        if world.closed() != dict(self.closed):
            problems.append(f"closed: {world.closed()}")
        if world.enabled() != set(LANES) - set(self.closed):
            problems.append(f"consumed: {world.enabled()}")
        if {kind for kind, _, _ in alerts} != {self.kind} or len(alerts) not in published:
            problems.append(f"published: {[(kind, id_) for kind, id_, _ in alerts]}, wanted {published} {self.kind}")
        if len({id_ for _, id_, _ in alerts}) != 1:
            problems.append("one change under several ids")
        if any(REPEATED not in text for _, _, text in alerts[1:]):
            problems.append("told twice, and the second does not say so")
        if world.account.account.pending:
            problems.append(f"pending for ever: {world.account.account.pending}")
        return problems


def _gateway(world: CheckWorld) -> None:
    world.check()
    world.now += 60
    world.tell(GATEWAY, "a", "b", "c")
    world.queues.put("bulk", 5)
    world.works = False


def _credentials(world: CheckWorld) -> None:
    world.check()
    world.now += 60
    world.kobo.answer = Refused("error_user")
    world.tell(CREDENTIALS, "a")


def _credit(world: CheckWorld) -> None:
    world.check()
    world.now += 60
    world.kobo.answer = Decimal(30)
    world.tell(CREDIT, "a", pages=500)


def _low(world: CheckWorld) -> None:
    world.check()
    world.now += 60
    world.kobo.answer = Decimal(15)


def _trial(world: CheckWorld) -> None:
    """The gateway works again: a trial is due."""
    _gateway(world)
    world.check()
    world.works = True
    world.now += 60


def _after_trial(world: CheckWorld) -> None:
    """The trial has opened the lanes; a second check without the fault is what people are told of."""
    _trial(world)
    world.check()
    world.now += 60


def _recovered_credentials(world: CheckWorld) -> None:
    _credentials(world)
    world.check()
    world.kobo.answer = Decimal(5000)
    world.now += 60


def _top_up(world: CheckWorld) -> None:
    _credit(world)
    world.check()
    world.kobo.answer = Decimal(9000)
    world.now += 60


def _after_top_up(world: CheckWorld) -> None:
    _top_up(world)
    world.check()
    world.now += 60


_BOTH = ("priority", "bulk")
CHANGES = (
    Change("gateway", _gateway, "gateway", dict.fromkeys(_BOTH, GATEWAY)),
    Change("credentials", _credentials, "credentials", dict.fromkeys(_BOTH, CREDENTIALS)),
    Change("credit", _credit, "empty", {"bulk": CREDIT}),
    Change("low", _low, "low"),
    Change("trial", _trial, "recovered", further=4),
    Change("after_trial", _after_trial, "recovered"),
    Change("recovered_credentials", _recovered_credentials, "recovered", further=4),
    Change("top_up", _top_up, "recovered", further=3),
    Change("after_top_up", _after_top_up, "recovered"),
)
NAMED = {change.name: change for change in CHANGES}
