"""A directed scenario: a world in which AWS works well, check_credit comes each minute, and what happens is written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.robustness.simulation.functions import Makers
from tests.robustness.simulation.ledger import Call
from tests.robustness.simulation.publications import START, Publication
from tests.robustness.simulation.run import inspect, make_world
from tests.robustness.simulation.scenario import Event, Scenario
from tests.robustness.simulation.world import World

MINUTE, HOUR = 60.0, 3600.0
# What the mock charges for a page.
PRICE = 4
DOWN = {"kind": "timeout", "when": "before"}


def texts(count: int, lane: str, *, at: float = 0.0, first: int = 0, msg: str = "Hello") -> list[Publication]:
    """Return `count` requests of one recipient and one page each, put on `lane` at `at` (seconds)."""
    return [Publication(START + at, lane, text(f"t{n}", f"23480301{n:05d}", msg)) for n in range(first, first + count)]


def text(id_: str, to: str | list[str], msg: str = "Hello") -> str:
    """Return one request."""
    return json.dumps({"id": id_, "to": to, "msg": msg})


def event(at: float, what: str, **arguments: Any) -> Event:
    """Return something that befalls the world at `at` (seconds)."""
    return Event(START + at, what, arguments)


class Stage:
    """A world under way; times are seconds since its start."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.begin()

    def run(self, until: float) -> None:
        """Let time pass until `until`."""
        self.world.timeline.run(START + until)

    def finish(self) -> None:
        """Run until all is quiet, and demand what must hold in every world."""
        self.world.checks.news()
        self.world.rest()
        violations = inspect(self.world)
        assert not violations

    def calls(self, since: float = 0.0, until: float = float("inf"), answer: str | None = None) -> list[Call]:
        """Return the calls of send/ that ended between two moments, all or those with one answer."""
        made = [call for call in self.world.ledger.calls if since <= call.at - START < until]
        return [call for call in made if answer in (None, call.answer)]

    def sent(self) -> Counter[str]:
        """Return how often each number was sent an SMS."""
        return Counter(sms["to"] for sms in self.world.kobo.executed())

    def closed(self) -> dict[str, str]:
        """Return the lanes that are closed, with their causes."""
        return dict(self.world.watch.closed)

    def changes(self, lane: str) -> list[tuple[float, str]]:
        """Return when a lane was closed, and for what, or opened (``)."""
        return [(each.at - START, each.cause) for each in self.world.watch.changes if each.lane == lane]

    def opened_at(self, lane: str) -> float:
        """Return when a lane was opened for good."""
        at, cause = self.changes(lane)[-1]
        assert not cause
        return at

    def alerts(self) -> list[str]:
        """Return the kinds of the alerts that were heard, in order."""
        return [each.kind for each in self.world.topic.heard]

    def attempts(self) -> Counter[tuple[str, int]]:
        """Return how many parts ended in which state after how many attempts that count."""
        return Counter((item["state"], int(item["attempts"])) for item in self.world.dynamodb.parts())

    def probes(self, since: float = 0.0, until: float = float("inf")) -> list[float]:
        """Return when records were let through to try."""
        events = self.world.trace.events
        return [at for at, what, *_ in events if what == "probe" and since <= at < until]


@contextmanager
def stage(
    publications: Iterable[Publication],
    events: Iterable[Event] = (),
    *,
    seed: int = 1,
    makers: Makers | None = None,
    **fields: Any,
) -> Iterator[Stage]:
    """Set a stage; thresholds are off unless `fields` of the scenario say otherwise."""
    # Without message ids there are no reports to wait for.
    known: dict[str, Any] = {"low": 0, "critical": 0, "dialect": {"give_ids": False}, "balance": 1_000_000}
    scenario = Scenario(publications=list(publications), events=list(events), **known | fields)
    with make_world(seed, scenario=scenario, makers=makers) as world:
        yield Stage(world)
