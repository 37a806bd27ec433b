"""Whatever happens: never two alerts for one change, never silence past a threshold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import accumulate, pairwise

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.credit.alerts import Alert, AlertState, Situation, Track, level, step

DAY = 24 * 3600.0
SEVERITY = ("ok", "low", "critical", "empty")
Check = tuple[Situation, AlertState, list[Alert]]

# Few values, around the thresholds and their 110 %, so that they are crossed again and again.
BALANCES = st.sampled_from([-3, 0, 1, 199, 200, 219, 220, 999, 1000, 1050, 1099, 1100, 5000]).map(Decimal)
THRESHOLDS = st.sampled_from([(1000, 200)] * 4 + [(0, 0), (1000, 0), (0, 200), (200, 1000), (210, 200)])
WAITS = st.one_of(st.just(60.0), st.floats(0.001, 3600), st.sampled_from([DAY, DAY - 60, DAY / 2, 3 * DAY]))


@st.composite
def situations(draw: st.DrawFn, changing: bool = True) -> list[Situation]:
    waits = draw(st.lists(WAITS, min_size=1, max_size=40))
    thresholds = draw(THRESHOLDS)
    found = []
    for now in accumulate(waits, initial=1_800_000_000.123):
        thresholds = draw(THRESHOLDS) if changing and draw(st.integers(0, 9)) == 0 else thresholds
        low, critical = map(Decimal, thresholds)
        balance = draw(st.one_of(st.none(), BALANCES, BALANCES, BALANCES))
        held = draw(st.sampled_from([frozenset[str]()] * 4 + [frozenset({"bulk"}), frozenset({"bulk", "priority"})]))
        fault = draw(st.sampled_from([None, None, "credentials", "gateway"]))
        found.append(Situation(now, balance, low, critical, held, fault))
    return found


def follow(checks: list[Situation]) -> Iterator[Check]:
    state = AlertState()
    for situation in checks:
        state, alerts = step(state, situation)
        yield situation, state, alerts


def of_track(checks: list[Check], name: str) -> list[tuple[Situation, Track, Alert | None]]:
    """Return each check with a track's state after it and what it rang: at most one alert a check."""
    found = []
    for situation, state, alerts in checks:
        mine = [alert for alert in alerts if alert.track == name]
        assert len(mine) <= 1
        found.append((situation, state.credit if name == "credit" else state.fault, mine[0] if mine else None))
    return found


def tracks(checks: list[Situation]) -> Iterator[list[tuple[Situation, Track, Alert | None]]]:
    followed = list(follow(checks))
    yield from (of_track(followed, name) for name in ("credit", "fault"))


@given(situations())
def test_never_two_alerts_for_one_change(checks: list[Situation]) -> None:
    for track in tracks(checks):
        before = Track()
        for _, after, alert in track:
            if alert is not None and not alert.reminder:
                # Another lane that has to wait is a change, too.
                assert (after.state, after.held) != (before.state, before.held)
                assert alert.was == before.state
                assert alert.kind in (after.state, "recovered")
            before = after


@given(situations())
def test_every_change_for_the_worse_and_every_end_rings(checks: list[Situation]) -> None:
    for track in tracks(checks):
        for (_, before, _), (_, after, alert) in pairwise([(None, Track(), None), *track]):
            silent = (before.state, after.state) == ("critical", "low")
            assert after.state == before.state or silent or (alert is not None and not alert.reminder)


@given(situations())
def test_never_silence_past_a_threshold(checks: list[Situation]) -> None:
    last: Alert | None = None
    recovered_to = "ok"
    for situation, track, alert in of_track(list(follow(checks)), "credit"):
        if alert is not None:
            last = alert
            recovered_to = track.state if alert.kind == "recovered" else "ok"
        found = "empty" if situation.held_for_credit else "ok"
        if situation.balance is not None and not situation.held_for_credit:
            found = level(situation.balance, situation.low, situation.critical)
        # A recovery from `empty` tells by itself what the balance still is.
        told = recovered_to if last is None or last.kind == "recovered" else last.kind
        assert SEVERITY.index(told) >= SEVERITY.index(found)


@given(situations())
def test_a_fault_is_told_as_what_it_is(checks: list[Situation]) -> None:
    last = None
    for situation, _, alert in of_track(list(follow(checks)), "fault"):
        last = alert.kind if alert else last
        assert situation.fault in (None, last)


@given(situations())
def test_reminders_are_a_day_from_any_alert_before(checks: list[Situation]) -> None:
    for track in tracks(checks):
        rung = [(situation.now, alert) for situation, _, alert in track if alert is not None]
        for (earlier, _), (later, alert) in pairwise(rung):
            assert not alert.reminder or round(later, 3) - round(earlier, 3) >= DAY
        assert not rung or not rung[0][1].reminder


@given(situations())
def test_nothing_bad_is_silent_for_more_than_a_day(checks: list[Situation]) -> None:
    for track in tracks(checks):
        told_at = 0.0
        for situation, after, alert in track:
            told_at = round(situation.now, 3) if alert is not None else told_at
            assert after.state == "ok" or after.clear or round(situation.now, 3) - told_at < DAY


@given(situations())
def test_the_same_check_again_and_again_rings_once(checks: list[Situation]) -> None:
    state = AlertState()
    for situation in checks:
        rung: list[str] = []
        for second in range(4):
            state, alerts = step(state, replace(situation, now=situation.now + second / 10_000))
            rung += [alert.track for alert in alerts]
        assert len(rung) == len(set(rung))


@given(st.lists(st.decimals(900, Decimal("1099.99"), places=2), min_size=1), st.booleans())
def test_hovering_in_the_band_rings_at_most_once(hovering: list[Decimal], rising: bool) -> None:
    start = Decimal(5000) if rising else Decimal(950)
    checks = [Situation(60.0 * at, each, Decimal(1000), Decimal(200)) for at, each in enumerate([start, *hovering])]
    rung = [alert.kind for _, _, alerts in follow(checks) for alert in alerts]
    assert rung in ([], ["low"])
    assert bool(rung) == any(each < 1000 for each in [start, *hovering])


@given(situations())
def test_the_state_comes_back_from_the_table(checks: list[Situation]) -> None:
    for _, state, _ in follow(checks):
        wire = TypeSerializer().serialize(state.to_item())
        assert AlertState.from_item(TypeDeserializer().deserialize(wire)) == state


def test_an_empty_item_is_the_state_before_the_first_check() -> None:
    assert AlertState.from_item({}) == AlertState() == AlertState.from_item(AlertState().to_item())
