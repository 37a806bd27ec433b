"""Whatever happens in whatever order: the valve closes on what the rules name, never on less, and misses nothing.

The machine remembers every call there ever was; the valve under test only the counts that are not stale.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.valve.call_window import CallWindow, slot_of
from kobo_sms.valve.rules import SUSPECTED_FOR, Finding, decide
from kobo_sms.valve.signals import ACCEPTED, CREDENTIALS, CREDIT, FAULTS, GATEWAY, FailureSignal
from kobo_sms.valve.state import OPERATOR, Closed, ClosedByOperator, ClosedForCredit, ClosedForFault, Hold, Valve
from kobo_sms.valve.upkeep import (
    acquit,
    begin_probing,
    closed_to_probe,
    convict,
    fault_lanes,
    open_after_probe,
    put_off_probe,
    suspects_to_probe,
)
from tests.unit.valve.counted_calls import any_of

LANE, RECIPIENTS = st.sampled_from(LANES), st.sampled_from(["a", "ab", "abcd"])
FINDINGS = st.one_of(
    st.sampled_from([Finding(None), Finding(GATEWAY), Finding(CREDENTIALS)]),
    st.sampled_from([0, 9, 30, 4000, 9000]).map(lambda balance: Finding(None, Decimal(balance))),
)
FULL = Finding(None, Decimal(10**9))


class Call(NamedTuple):
    at: float
    lane: Lane
    what: str
    recipient: str = ""
    pages: int = 0

    @property
    def window(self) -> CallWindow:
        told: frozenset[FailureSignal] = frozenset()
        if self.what != ACCEPTED:
            told = frozenset({FailureSignal(self.at, Symptom(self.what), self.lane, self.recipient, self.pages)})
        return CallWindow({(slot_of(self.at), self.lane, self.what): 1}, told)


def looked_at(calls: Iterable[Call], good: Collection[str], now: float, since: float) -> tuple[list[Call], float]:
    """Return the calls of the newest slots, of as few as say enough, and when the oldest of these began.

    `good` is what a call that works meets.
    """
    fresh = [call for call in calls if call.at // 5 > since // 5]
    for slots in range(2, 25):
        oldest = now // 5 - slots + 1
        found = [call for call in fresh if oldest <= call.at // 5 <= now // 5]
        works = any(call.what in good for call in found)
        worked = any(call.what in good for call in fresh if call.at // 5 == oldest - 1)
        if len(found) >= 20 or (len(found) >= 10 and worked and not works):
            break
    return found, 5 * oldest


def nearly_all(calls: list[Call], failures: Collection[str]) -> bool:
    return 10 * sum(call.what in failures for call in calls) >= 9 * len(calls)


def hardly_works(calls: list[Call], failures: Collection[str]) -> bool:
    failed = [call for call in calls if call.what in failures]
    if len({call.recipient for call in failed}) < 3 or len(calls) < 5:
        return False
    return nearly_all(calls, failures) if len(calls) >= 20 else len(failed) == len(calls)


class ValveMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1_800_000_000.0
        self.valve = Valve()
        self.ever: list[Call] = []
        self.window = CallWindow()
        self.fresh_since = dict.fromkeys(LANES, 0.0)

    def call(self, call: Call) -> None:
        self.ever.append(call)
        self.window += call.window

    @rule(
        what=st.sampled_from([GATEWAY, GATEWAY, CREDENTIALS, CREDIT]),
        lane=LANE,
        recipients=RECIPIENTS,
        times=st.integers(1, 12),
    )
    def fails(self, what: str, lane: Lane, recipients: str, times: int) -> None:
        self.now += 1
        for at in range(times):
            recipient = recipients[at % len(recipients)]
            self.call(Call(self.now, lane, what, recipient, pages=500 if recipient == "a" else 1))

    @rule(lane=LANE, times=st.sampled_from([1, 1, 20]))
    def succeeds(self, lane: Lane, times: int) -> None:
        self.now += 1
        for _ in range(times):
            self.call(Call(self.now, lane, ACCEPTED))

    @rule(seconds=st.sampled_from([1.0, 5.0, 20.0, 60.0, 119.0, 900.0, 3500.0]))
    def time_goes_by(self, seconds: float) -> None:
        self.now += seconds

    @rule(lane=LANE)
    def the_operator_holds(self, lane: Lane) -> None:
        asked = {each: at for each, at in self.valve.open_asked.items() if each != lane}
        self.valve = replace(
            self.valve, holds={**self.valve.holds, lane: Hold("ada", round(self.now))}, open_asked=asked
        )

    @rule(lane=LANE)
    def the_operator_opens(self, lane: Lane) -> None:
        holds = {each: hold for each, hold in self.valve.holds.items() if each != lane}
        self.now += 1
        self.valve = replace(self.valve, holds=holds, open_asked={**self.valve.open_asked, lane: self.now})

    @rule(finding=FINDINGS)
    def check(self, finding: Finding) -> None:
        before, self.now = self.valve, self.now + 1
        after = decide(before, self.window, finding, self.now)
        assert after.open_asked == {}
        assert not after.closed.keys() & after.suspected.keys()
        for lane in LANES:
            self._judge(lane, before, after, finding)
        again = decide(after, self.window, finding, self.now)
        # An order may be forgotten at the second look, or make what fails since wait for longer.
        assert again == after or before.open_asked
        assert (again.closed, again.suspected.keys()) == (after.closed, after.suspected.keys())
        assert set(closed_to_probe(after, self.now)) <= after.closed.keys()
        if finding.fault == CREDENTIALS:
            # Neither are lanes tried that wait to be let in, whatever had closed them.
            assert not set(closed_to_probe(after, self.now + 10_000)) & set(fault_lanes(after))
        for lane in LANES:
            if lane not in after.closed and (lane in before.closed or lane in before.open_asked):
                self.fresh_since[lane] = before.open_asked.get(lane, self.now)
        self.window = self.window.fresh(self.now)
        self.valve = after

    def _judge(self, lane: Lane, before: Valve, after: Valve, finding: Finding) -> None:
        was, now_closed = before.closed.get(lane), after.closed.get(lane)
        assert (now_closed is not None and now_closed.cause == OPERATOR) is (lane in before.holds)
        if lane in before.holds:
            return
        if was is None or isinstance(was, ClosedByOperator) or lane in before.open_asked:
            since = max(before.open_asked.get(lane, 0.0), self.fresh_since[lane])
            self._judge_open_lane(lane, now_closed, after.suspected.get(lane), finding, since)
            self._judge_suspicion(lane, before, after)
        elif isinstance(was, ClosedForCredit):
            risen = finding.balance is not None and was.balance is not None and finding.balance > was.balance
            assert (now_closed is None) is risen
        else:
            assert isinstance(now_closed, ClosedForFault)
            assert now_closed.confirmed is (finding.fault is not None)

    def _judge_open_lane(
        self, lane: Lane, closed: Closed | None, suspected: Closed | None, finding: Finding, since: float
    ) -> None:
        calls = self._of_fault(lane, since)
        shown = finding.fault is not None and self._bears_out(finding.fault, calls)
        explained = self._explains(finding, lane, since)
        no_credit, _ = looked_at(self._met(lane, ACCEPTED, CREDIT), (ACCEPTED,), self.now, since)
        assert (closed is not None) is (shown or explained)
        if closed is not None:
            assert closed.cause == (finding.fault if shown else CREDIT)
        elif suspected is not None:
            assert hardly_works(*((no_credit, (CREDIT,)) if suspected.cause == CREDIT else (calls, FAULTS)))
        else:
            assert not hardly_works(calls, FAULTS)
            assert not hardly_works(no_credit, (CREDIT,))

    def _judge_suspicion(self, lane: Lane, before: Valve, after: Valve) -> None:
        was, suspected = before.suspected.get(lane), after.suspected.get(lane)
        if suspected is None:
            return
        assert not suspected.confirmed
        if was is not None and was.cause == suspected.cause and lane not in before.open_asked:
            assert (suspected.since, suspected.probe_at) == (was.since, was.probe_at)
        else:
            assert (suspected.since, suspected.probe_at) == (self.now, self.now)

    def _met(self, lane: Lane | None, *kinds: str) -> list[Call]:
        return [call for call in self.ever if call.what in kinds and lane in (call.lane, None)]

    def _of_fault(self, lane: Lane, since: float) -> list[Call]:
        kinds, good = (*FAULTS, ACCEPTED, CREDIT), (ACCEPTED, CREDIT)
        own, _ = looked_at(self._met(lane, *kinds), good, self.now, since)
        if len(own) >= 20:
            return own
        both, began = looked_at(self._met(None, *kinds), good, self.now, since)
        own, _ = looked_at(self._met(lane, *kinds), good, self.now, max(since, began - 1))
        return both if nearly_all(own, FAULTS) else own

    def _bears_out(self, fault: str, calls: list[Call]) -> bool:
        if len(calls) >= 3 and nearly_all(calls, FAULTS):
            return True
        return fault == CREDENTIALS and bool(calls) and all(call.what in FAULTS for call in calls)

    def _explains(self, finding: Finding, lane: Lane, since: float) -> bool:
        refused = [call for call in self._met(lane, CREDIT) if call.at > max(since, self.now - 120)]
        return finding.balance is not None and any(finding.balance < 10 * call.pages for call in refused)

    @precondition(lambda self: bool(closed_to_probe(self.valve, self.now)))
    @rule(succeeds=st.booleans())
    def probe_closed(self, succeeds: bool) -> None:
        lanes = closed_to_probe(self.valve, self.now)
        if succeeds:
            after = open_after_probe(self.valve, lanes, self.now)
            assert not after.closed.keys() & (set(lanes) - self.valve.holds.keys())
        else:
            after = put_off_probe(self.valve, lanes, self.now, failed=True)
            waits = {lane: any_of(after.closed)[lane].probe_at - self.now for lane in lanes}
            assert all(
                30 <= wait <= (900 if after.closed[lane].cause in FAULTS else 3600) for lane, wait in waits.items()
            )
        self._note_opened(after)
        self.valve = after
        # Who is held since goes on to be, from the next check on.
        assert not set(closed_to_probe(after, self.now)) - after.holds.keys()

    @precondition(lambda self: bool(suspects_to_probe(self.valve, self.now)))
    @rule(works=st.booleans(), seconds=st.sampled_from([0.0, 10.0, 40.0]))
    def probe_suspected(self, works: bool, seconds: float) -> None:
        lanes = suspects_to_probe(self.valve, self.now)
        begun = begin_probing(self.valve, lanes, self.now)
        assert suspects_to_probe(begun, self.now) == []
        self.now += seconds
        after = (acquit if works else convict)(begun, lanes, self.now)
        guilty = {lane for lane in lanes if not works and self.now - begun.suspected[lane].since >= SUSPECTED_FOR}
        assert after.closed.keys() == begun.closed.keys() | guilty
        assert after.suspected.keys() == begun.suspected.keys() - (set(lanes) if works else guilty)
        # What is to be probed again is so before long, and a lane that is closed now is not tried at once.
        assert all(self.now <= each.probe_at <= self.now + SUSPECTED_FOR for each in after.suspected.values())
        assert not guilty & set(closed_to_probe(after, self.now))
        if works:
            self.fresh_since |= dict.fromkeys(lanes, self.now)
        self.valve = after

    def _note_opened(self, after: Valve) -> None:
        for lane in self.valve.closed.keys() - after.closed.keys():
            self.fresh_since[lane] = self.now


class OneRecipientMachine(RuleBasedStateMachine):
    """One recipient for whom all fails, for ever, among others for whom nothing does."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_800_000_000.0
        self.window = CallWindow()

    @rule(
        what=st.sampled_from([GATEWAY, CREDENTIALS, CREDIT, ACCEPTED]),
        lane=LANE,
        times=st.integers(1, 30),
        seconds=st.floats(0.001, 200),
    )
    def tell(self, what: str, lane: Lane, times: int, seconds: float) -> None:
        self.now += seconds
        for _ in range(times):
            self.window += Call(self.now, lane, what, "a", 500).window

    @rule(finding=st.sampled_from([FULL, Finding(None)]))
    def check(self, finding: Finding) -> None:
        assert decide(Valve(), self.window, finding, self.now) == Valve()
        self.window = self.window.fresh(self.now)


_SETTINGS = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestValve = ValveMachine.TestCase
TestValve.settings = _SETTINGS
TestOneRecipient = OneRecipientMachine.TestCase
TestOneRecipient.settings = _SETTINGS
