"""What befalls a world from outside, and how everything is put right in the end."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kobo_sms.messages.lanes import Lane
from mock_kobo.rules.faults import Fault
from tests.robustness.simulation.chaos import CALM
from tests.robustness.simulation.flaws import Flaw
from tests.robustness.simulation.operator import Operator
from tests.robustness.simulation.outages import MOST_LOST, Outage, Spell
from tests.robustness.simulation.scenario import Event
from tests.robustness.simulation.timeline import NEVER

if TYPE_CHECKING:
    from tests.robustness.simulation.world import World


class Fate:
    """Does to a world what its scenario holds in store."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._operator = Operator(world)
        self._endings: dict[int, Callable[[], object]] = {}
        self.outages: list[Outage] = []
        self.spells: list[Spell] = []
        self.healed_at = NEVER

    @property
    def busy(self) -> bool:
        """Whether a hardship is in force."""
        return bool(self._endings)

    def befall(self, event: Event) -> None:
        """Let `event` happen now."""
        self._world.note(event.what, *event.arguments.values())
        for outage in self.outages:
            outage.disturb(self._world.now)
        for spell in self.spells:
            spell.disturb(self._world.now)
        self._world.checks.news()
        getattr(self, event.what)(**event.arguments)

    def break_kobomobile(self, *, lasting: float, **fault: Any) -> None:
        """Put a fault of the mock in force for a while."""
        faults = self._world.kobo.mock.faults
        undisturbed = not self.busy and self._world.chaos.odds == CALM
        outage = Outage.by(Fault(**fault), self._world.now, undisturbed)
        spell = Spell(self._world.now, undisturbed, good=(fault.get("probability") or 1.0) <= MOST_LOST)
        self.spells.append(spell)
        if outage is not None:
            self.outages.append(outage)
        id_ = faults.add(Fault(**fault)).id

        def end() -> None:
            faults.clear(id_)
            spell.end = self._world.now
            if outage is not None:
                outage.end = self._world.now

        self._later(lasting, end)

    def spoil(self, *, flaw: Flaw, lasting: float) -> None:
        """Let a share of the calls of send/ fail for a while."""
        flaws, now = self._world.kobo.flaws, self._world.now
        spell = Spell(now, not self.busy and self._world.chaos.odds == CALM, good=flaw.share <= MOST_LOST)
        self.spells.append(spell)
        flaws.append(flaw)

        def end() -> None:
            flaws[:] = [each for each in flaws if each is not flaw]
            spell.end = self._world.now

        self._later(lasting, end)

    def top_up(self, *, credit: int) -> None:
        """Add credit."""
        self._world.kobo.top_up(credit)

    def suspend(self, *, lasting: float) -> None:
        """Suspend the account for a while."""
        self._world.kobo.set_account(suspended=True)
        self._later(lasting, lambda: self._world.kobo.set_account(suspended=False))

    def rotate(self, *, gap: float) -> None:
        """Change the password at KoboMobile, and a while later in the secret."""
        self._world.kobo.set_account(**{"pass": "rotated"})
        self._later(gap, lambda: self._world.secret.update({"pass": "rotated"}))

    def close(self, *, lanes: tuple[Lane, ...], lasting: float | None) -> None:
        """Have the operator close `lanes` for a while, None: for good."""
        self._operator.close(lanes)
        if lasting is not None:
            self._later(lasting, lambda: self._operator.open(lanes))

    def open_(self, *, lanes: tuple[Lane, ...], wake: bool = False) -> None:
        """Have the operator open `lanes`, whatever closed them."""
        self._operator.open(lanes, wake=wake)

    def meddle(self, *, lane: Lane, enabled: bool) -> None:
        """Have somebody change a mapping behind check_credit's back."""
        if not self._world.mappings.by_lane[lane].changing:
            self._world.mappings.change(lane, enabled=enabled)

    def no_checks(self, *, lasting: float) -> None:
        """Let check_credit not run for a while."""
        self._world.checks.paused_until = self._world.now + lasting
        self._later(lasting, lambda: None)

    def calm_down(self) -> None:
        """Let AWS work well from now on."""
        self._world.chaos.odds = CALM

    def heal(self) -> None:
        """End every hardship, give credit and hand back what SQS took away."""
        self._world.note("healing")
        self.healed_at = self._world.now
        self._world.chaos.odds = CALM
        self._world.sqs.max_receives = 1000
        for key in list(self._endings):
            self._end(key)
        self._world.checks.paused_until = 0.0
        self._world.kobo.mock.faults.clear()
        self._world.kobo.flaws.clear()
        self._world.kobo.top_up(10_000_000)
        # The operator hands back what SQS itself took away; a request without an id keeps the one it had.
        for message in [one for one in self._world.sqs.dead if one.redriven]:
            fields = json.loads(message.body) if message.body.startswith("{") and len(message.body) > 1 else None
            body = json.dumps({"id": message.id} | fields) if fields else message.body
            self._world.sqs.dead.remove(message)
            self._world.sqs.put(message.lane, body, message.attributes)
        self._world.campaigns.heal()
        self._world.checks.news()

    def _later(self, seconds: float, act: Callable[[], object]) -> None:
        key = len(self._world.trace.events)
        self._endings[key] = act
        self._world.timeline.plan(self._world.now + seconds, lambda: self._end(key))

    def _end(self, key: int) -> None:
        ending = self._endings.pop(key, None)
        if ending is not None:
            self._world.note("over")
            self._world.checks.news()
            ending()
