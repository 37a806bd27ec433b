"""That what can go on goes on (guarantee 9), in a world that has come to rest."""

from __future__ import annotations

from collections.abc import Iterator

from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.valve.call_window import KEPT_SECONDS
from kobo_sms.valve.signals import FAULTS
from tests.robustness.simulation.outages import MOST_LOST
from tests.robustness.simulation.publications import HOUR
from tests.robustness.simulation.watch import Change
from tests.robustness.simulation.world import World

# So many calls before a lane was closed tell whether it worked.
_ENOUGH = 20
# A lane closed by chance: a probe at the next check, which comes within minutes, and a minute for AWS to follow. Two
# probes in a row may meet nothing but the half that is lost.
_LONGEST_CLOSING = 900.0
# After everything is healed: the longest probe interval, a check, AWS's minute, a lease and a visibility time-out.
_HEALED_WITHIN = 900.0 + 60.0 + 100.0 + 60.0 + 31.0 + 180.0
_CALLED = ("ids", "sent")
_NOTHING = "lost: HTTP 200, empty body"


class ProgressInspection:
    """Looks through a world at rest; `violations` yields where something that would have worked did not go on."""

    def __init__(self, world: World) -> None:
        self._world = world

    def violations(self) -> Iterator[str]:
        """Yield everything that does not hold."""
        yield from self._closings()
        yield from self._long_closings()
        yield from self._after_healing()

    def _closings(self) -> Iterator[str]:
        """No lane is closed for a fault while at least half of its calls are accepted."""
        if not self._world.scenario.smooth:
            # Functions that die take with them what they have counted.
            return
        for change in self._fault_closings():
            calls = [each for each in self._world.ledger.calls if change.at - KEPT_SECONDS <= each.at <= change.at]
            own = [each for each in calls if each.lane == change.lane]
            last = (own if len(own) >= _ENOUGH else calls)[-_ENOUGH:]
            good = sum(each.answer in _CALLED for each in last)
            if len(last) == _ENOUGH and good >= (1 - MOST_LOST) * _ENOUGH:
                yield f"{change.lane}: closed for {change.cause}, with {good} of the last {_ENOUGH} calls accepted"

    def _long_closings(self) -> Iterator[str]:
        """Where half of all answers are good, no lane that is closed by chance stays so."""
        for spell in self._world.fate.spells:
            if not (spell.good and spell.undisturbed):
                continue
            for change in self._fault_closings():
                if spell.begin < change.at < spell.end:
                    until = min(self._opened_after(change), spell.end)
                    lasted = until - change.at
                    if lasted > _LONGEST_CLOSING:
                        yield f"{change.lane}: closed for {lasted:.0f} s, though half of all answers are good"

    def _after_healing(self) -> Iterator[str]:
        """Nothing that could be sent waits for long once the last fault has ended.

        What fails after that fails for its recipients' sake, and has as long again.
        """
        world = self._world
        patience = world.scenario.retry_max + _HEALED_WITHIN
        bound = dict.fromkeys(LANES, world.fate.healed_at + patience)
        # What send_sms keeps quiet comes again within an hour, in the morning.
        bound[Lane.BULK] = world.nights.end_after(bound[Lane.BULK]) + (patience + HOUR if world.nights.hours else 0.0)
        late: list[float] = []
        failed: dict[str, float] = {}
        for call in world.ledger.calls:
            if call.answer not in _CALLED:
                failed[call.to] = call.at
            elif call.at > max(bound[Lane(call.lane)], failed.get(call.to, 0.0) + patience):
                late.append(call.at)
        # A dialect that leaves the only pair out answers nothing: for parts of one number nothing is ever well.
        unreadable = (call.answer == _NOTHING and call.at > world.fate.healed_at for call in world.ledger.calls)
        if world.scenario.dialect.get("pair_set") == "one_missing" and any(unreadable):
            return
        # What is published or handed back by an operator later has its own time.
        held = any(one.at > world.fate.healed_at for one in world.scenario.publications) or world.watch.held
        if late and not held:
            yield f"{len(late)} calls were accepted only {max(late) - world.fate.healed_at:.0f} s after all was well"

    def _fault_closings(self) -> Iterator[Change]:
        # One that was closed so in the evening is probed in the morning before anything is sent.
        changes = self._world.watch.changes
        return (change for change in changes if change.cause in FAULTS and not change.resumed)

    def _opened_after(self, change: Change) -> float:
        later = (each.at for each in self._world.watch.changes if each.lane == change.lane and each.at > change.at)
        return min(later, default=self._world.now)
