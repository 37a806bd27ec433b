"""What must hold of the valve and of the alerts once a world has come to rest (guarantees 2, 4 and 5)."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator

from kobo_sms.credit.alerts import CREDIT_TRACK, FAULT_TRACK, RECOVERED
from kobo_sms.valve.call_window import KEPT_SECONDS, SEVERAL, SLOT_SECONDS
from kobo_sms.valve.signals import CREDENTIALS, CREDIT, GATEWAY
from kobo_sms.valve.state import OPERATOR
from tests.robustness.simulation.checks import EVERY
from tests.robustness.simulation.ledger import Call
from tests.robustness.simulation.watch import Change
from tests.robustness.simulation.world import World

# How old what was counted may be, and how long after credit/ was seen broken a check may still be at work on that.
_COUNTED, _CHECK = float(KEPT_SECONDS + SLOT_SECONDS), 500.0
# A check, and the minute that AWS may take to stop a queue's consumers.
_STOPPED_WITHIN = 200.0
_MEDDLING = ("meddle", "no_checks")
_WAITING = ("error_credit", "error_user")


class ValveInspection:
    """Looks through a world at rest; `violations` yields what is wrong with its valve and its alerts."""

    def __init__(self, world: World) -> None:
        self._world = world

    def violations(self) -> Iterator[str]:
        """Yield everything that does not hold."""
        checks = (
            self._ends_open,
            self._causes,
            self._idle,
            self._buried,
            self._alerts,
            self._recoveries,
            self._outages,
        )
        for check in checks:
            yield from check()

    def _ends_open(self) -> Iterator[str]:
        """The valve ends open and both mappings enabled, but where an operator holds it."""
        watch = self._world.watch
        for lane, mapping in self._world.mappings.by_lane.items():
            held, cause = lane in watch.held, watch.closed.get(lane, "")
            if lane in watch.resting:
                # Nothing waits, so nobody looks whether the night is over.
                held, cause = True, OPERATOR
            if cause != (OPERATOR if held else ""):
                yield f"{lane}: ends {cause or 'open'}, {'' if held else 'not '}held by an operator"
            if mapping.state != ("Disabled" if held else "Enabled"):
                yield f"{lane}: its mapping ends {mapping.state}"

    def _causes(self) -> Iterator[str]:
        """No lane is closed without a cause: one recipient that always fails is none."""
        for change in self._world.watch.changes:
            if change.resumed:
                continue
            if change.cause in (GATEWAY, CREDENTIALS) and not self._is_faulty(change):
                yield f"{change.lane}: closed for {change.cause} ({change.detail}) by fewer than {SEVERAL} recipients"
            if change.cause == CREDIT and not any(
                call.lane == change.lane and call.answer == "error_credit" for call in self._calls_before(change)
            ):
                yield f"{change.lane}: closed for credit though no call on it was refused"

    def _idle(self) -> Iterator[str]:
        """Nothing is brought to send_sms from a closed lane, where checks come each minute and nobody meddles."""
        scenario = self._world.scenario
        if (
            not scenario.smooth
            or scenario.rarest_check > EVERY
            or any(one.what in _MEDDLING for one in scenario.events)
        ):
            return
        for change in self._world.watch.changes:
            later = (each.at for each in self._world.watch.changes if each.lane == change.lane and each.at > change.at)
            until = min(later, default=self._world.now)
            begin = change.at + _STOPPED_WITHIN
            if change.cause and any(
                begin < at < until for at, lane in self._world.ledger.brought if lane == change.lane
            ):
                yield f"{change.lane}: consumed while it was closed for {change.cause}"

    def _is_faulty(self, change: Change) -> bool:
        since = change.at - _CHECK
        if any(since <= at <= change.at for at in self._world.ledger.credit_faults):
            return True
        failed = {call.to for call in self._calls_before(change) if call.answer not in ("ids", "sent")}
        return len(failed) >= SEVERAL

    def _calls_before(self, change: Change) -> Iterator[Call]:
        calls = self._world.ledger.calls
        return (call for call in calls if change.at - _COUNTED - _CHECK <= call.at <= change.at)

    def _buried(self) -> Iterator[str]:
        """Waiting for credit or credentials kills nothing but what has waited for 13 days."""
        for dead in self._world.sqs.dead:
            answer, reason = dead.attributes.get("LastAnswer"), dead.attributes.get("Reason", "")
            if answer in _WAITING and not dead.redriven and not reason.startswith("waited 13 days"):
                yield f"{dead.attributes.get('RequestId')}: dead-lettered for {answer}: {reason}"

    def _alerts(self) -> Iterator[str]:
        """Each alert that was written down is heard once; again only if it says that it may be a repetition."""
        heard: Counter[str] = Counter()
        for each in self._world.topic.heard:
            heard[each.id] += 1
            if heard[each.id] > 1 and not each.repeated:
                yield f"alert {each.id} was heard twice, without saying so"
            if heard[each.id] > 1 and self._world.scenario.smooth:
                yield f"alert {each.id} was heard twice, though nothing went wrong"
        written = {each.id for each in self._world.watch.alerts}
        yield from (f"alert {id_} was never heard" for id_ in written - heard.keys())
        yield from (f"alert {id_} was never written down" for id_ in heard.keys() - written)

    def _recoveries(self) -> Iterator[str]:
        """The last that is heard of a track is that it has recovered, and nothing recovers that was not ill."""
        for track in (CREDIT_TRACK, FAULT_TRACK):
            kinds = [each.kind for each in self._world.watch.alerts if each.track == track]
            if kinds and kinds[-1] != RECOVERED:
                yield f"{track}: no recovery after {kinds[-1]}"
            if kinds and kinds[0] == RECOVERED:
                yield f"{track}: recovered from nothing"
            if track == FAULT_TRACK and (RECOVERED, RECOVERED) in itertools.pairwise(kinds):
                yield f"{track}: recovered twice"

    def _outages(self) -> Iterator[str]:
        """An outage costs few calls, however long it lasts and however much is queued."""
        for outage in self._world.fate.outages:
            calls = [call for call in self._world.ledger.calls if outage.begin <= call.at < outage.end]
            if outage.undisturbed and len(calls) > outage.most_calls({call.lane for call in calls}):
                yield f"an outage of {outage.end - outage.begin:.0f} s cost {len(calls)} calls"
