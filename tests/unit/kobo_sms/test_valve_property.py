"""Whatever happens in whatever order: the valve closes on what the rules name, never on less, and misses nothing.

The machine remembers every sign there ever was; the valve under test only those that `spent` has left.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from kobo_sms.signs import ACCEPTED, CREDENTIALS, CREDIT, FRESH_FOR, GATEWAY, LANES, Sign
from kobo_sms.valve import (
    OPERATOR,
    SEVERAL,
    Closed,
    Finding,
    Hold,
    Valve,
    decide,
    spent,
)
from kobo_sms.valve_duties import (
    fault_lanes,
    open_after_trial,
    put_off_trial,
    trial_lanes,
)

FAULTS = (CREDENTIALS, GATEWAY)
LANE, WITNESS = st.sampled_from(LANES), st.sampled_from("abcd")
FINDINGS = st.one_of(
    st.sampled_from([Finding(None), Finding(GATEWAY), Finding(CREDENTIALS)]),
    st.sampled_from([0, 9, 30, 4000, 9000]).map(lambda balance: Finding(None, Decimal(balance))),
)
FULL = Finding(None, Decimal(10**9))


def run(signs: list[Sign], kind: str, lane: str, now: float, since: float) -> list[Sign]:
    """Return the run as the design words it: fresh, after `since`, no success between; credit by lane."""
    found: list[Sign] = []
    for sign in signs:
        if kind == CREDIT and sign.lane != lane:
            continue
        if sign.kind == ACCEPTED:
            found = []
        elif sign.kind == kind and sign.at > max(since, now - FRESH_FOR):
            found.append(sign)
    return found


def witnesses(signs: list[Sign]) -> int:
    return len({sign.witness for sign in signs})


class ValveMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1_800_000_000.0
        self.valve = Valve()
        self.ever: list[Sign] = []
        self.known: set[Sign] = set()
        self.fresh_since = dict.fromkeys(LANES, 0.0)

    def tell(self, kind: str, lane: str, witness: str = "-", pages: int = 0) -> None:
        self.now += 1
        sign = Sign(self.now, kind, lane, witness, pages)
        self.ever.append(sign)
        self.known.add(sign)

    def become(self, valve: Valve) -> None:
        self.known -= set(spent(self.valve, valve, self.known, self.now))
        for lane in LANES:
            if lane in self.valve.open_asked or (lane in self.valve.closed and lane not in valve.closed):
                self.fresh_since[lane] = self.now
        self.valve = valve

    @rule(kind=st.sampled_from([GATEWAY, GATEWAY, CREDENTIALS, CREDIT]), lane=LANE, witness=WITNESS)
    def fails(self, kind: str, lane: str, witness: str) -> None:
        self.tell(kind, lane, witness, pages=500 if witness == "a" else 1)

    @rule(lane=LANE)
    def succeeds(self, lane: str) -> None:
        self.tell(ACCEPTED, lane)

    @rule(seconds=st.sampled_from([1.0, 60.0, 290.0, 900.0, 3500.0]))
    def time_goes_by(self, seconds: float) -> None:
        self.now += seconds

    @rule(lane=LANE)
    def the_operator_holds(self, lane: str) -> None:
        asked = {each: at for each, at in self.valve.open_asked.items() if each != lane}
        self.valve = replace(
            self.valve, holds={**self.valve.holds, lane: Hold("ada", round(self.now))}, open_asked=asked
        )

    @rule(lane=LANE)
    def the_operator_opens(self, lane: str) -> None:
        holds = {each: hold for each, hold in self.valve.holds.items() if each != lane}
        self.now += 1
        self.valve = replace(self.valve, holds=holds, open_asked={**self.valve.open_asked, lane: self.now})

    @rule(finding=FINDINGS)
    def check(self, finding: Finding) -> None:
        before, self.now = self.valve, self.now + 1
        after = decide(before, self.known, finding, self.now)
        assert after.open_asked == {}
        for lane in LANES:
            self._judge(lane, before, after.closed.get(lane), finding)
        self.become(after)
        again = decide(after, self.known, finding, self.now)
        # Closed by one fault while credit/ shows the other: a second look takes credit/'s word for what it is.
        other = {*FAULTS} - {finding.fault} if finding.fault else set()
        assert again == after or {each.cause for each in after.closed.values()} & other
        assert again.closed.keys() == after.closed.keys()
        assert decide(again, self.known, finding, self.now) == again
        assert set(trial_lanes(after, self.now)) <= after.closed.keys()
        if finding.fault:
            assert not set(trial_lanes(again, self.now + 10_000)) & set(fault_lanes(again))

    def _judge(self, lane: str, before: Valve, now_closed: Closed | None, finding: Finding) -> None:
        was = before.closed.get(lane)
        assert (now_closed is not None and now_closed.cause == OPERATOR) is (lane in before.holds)
        if lane in before.holds:
            return
        asked = before.open_asked.get(lane, 0.0)
        if was is None or was.cause == OPERATOR or asked:
            self._judge_open_lane(lane, now_closed, finding, asked, watched=was is None)
        elif was.cause == CREDIT:
            risen = finding.balance is not None and was.balance is not None and finding.balance > was.balance
            assert (now_closed is None) is risen
        else:
            assert now_closed is not None
            assert now_closed.confirmed is (finding.fault is not None)

    def _judge_open_lane(
        self, lane: str, closed: Closed | None, finding: Finding, asked: float, *, watched: bool
    ) -> None:
        if closed is not None:
            found = run(self.ever, closed.cause, lane, self.now, asked)
            assert found
            assert witnesses(found) >= SEVERAL or self._confirms(closed.cause, found, finding)
        elif watched:
            # What this lane itself has met since it was last opened is never forgotten.
            since = max(asked, self.fresh_since[lane])
            mine = [sign for sign in self.ever if sign.lane == lane or sign.kind == ACCEPTED]
            for kind in (*FAULTS, CREDIT):
                found = run(mine, kind, lane, self.now, since)
                assert witnesses(found) < SEVERAL
                assert not found or not self._confirms(kind, found, finding)

    def _confirms(self, kind: str, found: list[Sign], finding: Finding) -> bool:
        if kind != CREDIT:
            return finding.fault == kind
        return finding.balance is not None and any(finding.balance < sign.pages * 10 for sign in found)

    @precondition(lambda self: bool(trial_lanes(self.valve, self.now)))
    @rule(succeeds=st.booleans())
    def trial(self, succeeds: bool) -> None:
        lanes = trial_lanes(self.valve, self.now)
        if succeeds:
            after = open_after_trial(self.valve, lanes, self.now)
            assert not after.closed.keys() & (set(lanes) - self.valve.holds.keys())
        else:
            after = put_off_trial(self.valve, lanes, self.now, failed=True)
            assert all(60 < after.closed[lane].trial_at - self.now <= 900 for lane in lanes)
        self.become(after)
        # Who is held since goes on to be, from the next check on.
        assert not set(trial_lanes(after, self.now)) - after.holds.keys()


class OneRecipientMachine(RuleBasedStateMachine):
    """One recipient for whom all fails, for ever, among others for whom nothing does."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_800_000_000.0
        self.signs: set[Sign] = set()

    @rule(kind=st.sampled_from([GATEWAY, CREDENTIALS, CREDIT, ACCEPTED]), lane=LANE, seconds=st.floats(0.001, 900))
    def tell(self, kind: str, lane: str, seconds: float) -> None:
        self.now += seconds
        self.signs.add(Sign(self.now, kind, lane, "-" if kind == ACCEPTED else "a", 500))

    @rule(finding=st.sampled_from([FULL, Finding(None)]))
    def check(self, finding: Finding) -> None:
        after = decide(Valve(), self.signs, finding, self.now)
        assert after == Valve()
        self.signs -= set(spent(Valve(), after, self.signs, self.now))


_SETTINGS = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestValve = ValveMachine.TestCase
TestValve.settings = _SETTINGS
TestOneRecipient = OneRecipientMachine.TestCase
TestOneRecipient.settings = _SETTINGS
