"""What changes for check_credit, and how all must stand once it has seen to it, whatever befell it meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache

from kobo_sms.kobomobile.answers import Refused
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.valve.rules import SUSPECTED_FOR
from kobo_sms.valve.signals import CREDENTIALS, CREDIT, GATEWAY
from kobo_sms.valve.state import ClosedForFault, Valve
from kobo_sms.valve.upkeep import convict
from tests.robustness.crash_points.check_world import CheckWorld

# Past the lease of an alert that a check has died with, the wait of a probe and the visibility of what was tried.
LATER = 100.0
REPEATED = "This alert may have reached you before."


@dataclass(frozen=True)
class Change:
    """`happen` brings a fresh world to the moment before the check in question.

    `closed` is what must be closed in the end and why, `kind` the one alert, empty for none, after `further` checks at
    the most.
    """

    name: str
    happen: Callable[[CheckWorld], None]
    kind: str
    closed: Mapping[str, str] = field(default_factory=dict)
    further: int = 2

    def begin(self) -> CheckWorld:
        return deepcopy(_brought_by(self.happen))

    def broken(self, world: CheckWorld, published: set[int]) -> list[str]:
        """Return what does not hold; `published` is how often the alert may have been."""
        alerts = world.topic.published
        problems = []
        if world.closed() != dict(self.closed):
            problems.append(f"closed: {world.closed()}")
        if world.enabled() != set(LANES) - set(self.closed):
            problems.append(f"consumed: {world.enabled()}")
        wanted = published if self.kind else {0}
        if {kind for kind, _, _ in alerts} - {self.kind} or len(alerts) not in wanted:
            problems.append(f"published: {[(kind, id_) for kind, id_, _ in alerts]}, wanted {wanted} {self.kind}")
        if len({id_ for _, id_, _ in alerts}) > 1:
            problems.append("one change under several ids")
        if any(REPEATED not in text for _, _, text in alerts[1:]):
            problems.append("told twice, and the second does not say so")
        if world.account.account.pending:
            problems.append(f"pending for ever: {world.account.account.pending}")
        return problems


@cache
def _brought_by(happen: Callable[[CheckWorld], None]) -> CheckWorld:
    world = CheckWorld()
    happen(world)
    world.topic.published.clear()
    return world


def _gateway(world: CheckWorld) -> None:
    """Two probes of the suspected lanes have failed: the third closes them."""
    world.check()
    world.now += 60
    world.failing, world.works = (GATEWAY, 1), False
    world.queues.put(Lane.BULK, 20)
    for _ in range(2):
        world.check()
        world.now += 30


def _acquitted(world: CheckWorld) -> None:
    """What was counted says that nothing works, and the probe that something does."""
    world.check()
    world.now += 60
    world.tell(GATEWAY, "a", "b", "c", "d", "e")
    world.queues.put(Lane.BULK, 20)


def _closed(world: CheckWorld) -> None:
    """The gateway has closed both lanes, the alert is out, and five messages wait."""
    world.check()
    suspicion = ClosedForFault(GATEWAY, world.now - SUSPECTED_FOR)
    valve = convict(Valve(suspected=dict.fromkeys(LANES, suspicion)), LANES, world.now)
    world.valve.write(valve, world.valve.known.version)
    world.queues.put(Lane.BULK, 5)
    world.check()


def _credentials(world: CheckWorld) -> None:
    world.check()
    world.now += 60
    world.kobo.answer = Refused("error_user")
    world.failing = CREDENTIALS, 1


def _credit(world: CheckWorld) -> None:
    world.check()
    world.now += 60
    world.kobo.answer = Decimal(30)
    world.failing = CREDIT, 500


def _low(world: CheckWorld) -> None:
    world.check()
    world.now += 60
    world.kobo.answer = Decimal(15)


def _probe(world: CheckWorld) -> None:
    """The gateway works again: a probe is due."""
    _closed(world)
    world.now += 60


def _after_probe(world: CheckWorld) -> None:
    """The probe has opened the lanes; a second check without the fault is what people are told of."""
    _probe(world)
    world.check()
    world.now += 60


def _recovered_credentials(world: CheckWorld) -> None:
    _credentials(world)
    world.check()
    world.kobo.answer, world.failing = Decimal(5000), None
    world.now += 60


def _top_up(world: CheckWorld) -> None:
    _credit(world)
    world.check()
    world.kobo.answer, world.failing = Decimal(9000), None
    world.now += 60


def _after_top_up(world: CheckWorld) -> None:
    _top_up(world)
    world.check()
    world.now += 60


_BOTH = (Lane.PRIORITY, Lane.BULK)
CHANGES = (
    Change("gateway", _gateway, "gateway", dict.fromkeys(_BOTH, GATEWAY)),
    Change("acquitted", _acquitted, ""),
    Change("credentials", _credentials, "credentials", dict.fromkeys(_BOTH, CREDENTIALS)),
    Change("credit", _credit, "empty", {Lane.BULK: CREDIT}),
    Change("low", _low, "low"),
    Change("probe", _probe, "recovered", further=4),
    Change("after_probe", _after_probe, "recovered"),
    Change("recovered_credentials", _recovered_credentials, "recovered", further=4),
    Change("top_up", _top_up, "recovered", further=3),
    Change("after_top_up", _after_top_up, "recovered"),
)
NAMED = {change.name: change for change in CHANGES}
