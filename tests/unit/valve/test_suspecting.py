"""A lane that is suspected: probed, closed once that has failed for long, or found to work (guarantees 4 and 9)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kobo_sms.messages.lanes import Lane
from kobo_sms.valve.rules import (
    PROBED_EVERY,
    PROBED_WITHIN,
    SUSPECTED_FOR,
    Finding,
    decide,
)
from kobo_sms.valve.signals import CREDENTIALS, GATEWAY
from kobo_sms.valve.state import ClosedByOperator, Hold, Opened, Valve
from kobo_sms.valve.upkeep import acquit, begin_probing, convict, suspects_to_probe
from tests.unit.valve.counted_calls import BOTH, NOTHING, NOW, OPEN, WELL, any_of, counted


def test_only_one_check_probes_and_should_it_die_another_does() -> None:
    suspected = decide(OPEN, counted(5), WELL, NOW)
    probed = begin_probing(suspected, suspects_to_probe(suspected, NOW), NOW)
    assert suspects_to_probe(probed, NOW) == []
    for later in (1, 30, PROBED_WITHIN - 0.001, PROBED_WITHIN):
        again = decide(probed, counted(7), WELL, NOW + later)
        assert {each.since for each in again.suspected.values()} == {NOW}
        assert suspects_to_probe(again, NOW + later) == ([Lane.PRIORITY, Lane.BULK] if later == PROBED_WITHIN else [])
    assert begin_probing(suspected, [Lane.BULK], NOW).suspected[Lane.PRIORITY] == suspected.suspected[Lane.PRIORITY]


def test_the_suspicion_lasts_as_long_as_nearly_all_calls_fail_and_says_what_was_counted_last() -> None:
    suspected = decide(OPEN, counted(5), WELL, NOW)
    later = decide(suspected, counted(5) + counted(6, ago=-20), WELL, NOW + 20)
    assert later.suspected[Lane.BULK].since == NOW
    assert later.suspected[Lane.BULK].detail == "11 of 11 calls failed in the last 119 seconds"
    for nothing_bad in (NOTHING, counted(5, 1), counted(200, ago=60, recipients="a")):
        assert decide(suspected, nothing_bad, WELL, NOW + 20) == OPEN


def test_another_cause_is_another_suspicion() -> None:
    suspected = decide(OPEN, counted(5), WELL, NOW)
    later = decide(suspected, counted(5) + counted(9, symptom=CREDENTIALS), WELL, NOW + 20)
    assert {(each.cause, each.since, each.probe_at) for each in later.suspected.values()} == {
        (CREDENTIALS, NOW + 20, NOW + 20)
    }


def test_what_is_suspected_closes_at_once_when_credit_shows_it() -> None:
    suspected = decide(OPEN, counted(5), WELL, NOW)
    after = decide(suspected, counted(5), Finding(GATEWAY), NOW + 30)
    assert after.suspected == {}
    assert {(each.cause, each.since, each.confirmed) for each in any_of(after.closed).values()} == {
        (GATEWAY, NOW + 30, True)
    }


def test_an_operator_has_the_last_word_on_what_is_suspected() -> None:
    suspected = decide(OPEN, counted(5), WELL, NOW)
    held = decide(replace(suspected, holds={Lane.BULK: Hold("ada", NOW)}), counted(5), WELL, NOW + 1)
    assert held.closed.keys() == {Lane.BULK}
    assert held.suspected.keys() == {Lane.PRIORITY}
    asked = decide(replace(suspected, open_asked={Lane.BULK: NOW + 1}), counted(5), WELL, NOW + 2)
    assert asked.closed == {}
    assert asked.suspected.keys() == {Lane.PRIORITY}
    # And what was counted before the order says nothing after it.
    assert decide(asked, counted(5), WELL, NOW + 3).suspected.keys() == {Lane.PRIORITY}


def test_a_probe_that_fails_soon_is_followed_by_others() -> None:
    suspected = begin_probing(decide(OPEN, counted(5), WELL, NOW), BOTH, NOW)
    after = convict(suspected, [Lane.PRIORITY, Lane.BULK], NOW + 5)
    assert after.closed == {}
    assert after.suspected == {
        lane: replace(each, probe_at=NOW + 5 + PROBED_EVERY) for lane, each in suspected.suspected.items()
    }
    # Never later than it may be closed.
    late = convict(suspected, [Lane.BULK], NOW + SUSPECTED_FOR - 1)
    assert late.suspected[Lane.BULK].probe_at == NOW + SUSPECTED_FOR
    assert late.suspected[Lane.PRIORITY] == suspected.suspected[Lane.PRIORITY]


def test_what_fails_for_long_is_closed_and_tried_soon() -> None:
    suspected, at = decide(OPEN, counted(5), WELL, NOW), NOW + SUSPECTED_FOR
    assert convict(suspected, BOTH, at - 0.001).closed == {}
    after = convict(suspected, [Lane.PRIORITY, Lane.BULK], at)
    assert after.suspected == {}
    assert after.closed == {
        lane: replace(each, since=at, probe_at=at + 15) for lane, each in suspected.suspected.items()
    }
    assert not any(each.confirmed for each in any_of(after.closed).values())
    one = convict(suspected, [Lane.BULK], at)
    assert one.closed.keys() == {Lane.BULK}
    assert one.suspected.keys() == {Lane.PRIORITY}
    assert convict(after, [Lane.PRIORITY, Lane.BULK], at + 30) == after
    assert convict(OPEN, [Lane.BULK], NOW) == OPEN


def test_where_all_fails_each_probe_too_it_closes_within_a_minute_and_no_sooner() -> None:
    """A check a second, as prompts have it; calls go on to fail."""
    valve, probes = OPEN, []
    for second in range(200):
        now = NOW + second
        if valve.closed:
            break
        valve = decide(valve, counted(5, ago=-second), WELL, now)
        if due := suspects_to_probe(valve, now):
            probes.append(second)
            valve = convict(begin_probing(valve, due, now), due, now)
    assert valve.closed.keys() == BOTH
    assert probes[0] == 0
    assert probes[-1] == second - 1 == SUSPECTED_FOR
    assert len(probes) == 1 + SUSPECTED_FOR // PROBED_EVERY


def test_what_was_closed_while_it_was_probed_stays_as_it_is() -> None:
    suspected = decide(OPEN, counted(5), WELL, NOW)
    held = ClosedByOperator(NOW + 1, by="ada")
    known = replace(suspected, closed={Lane.BULK: held})
    for later in (2, SUSPECTED_FOR):
        convicted = convict(known, [Lane.PRIORITY, Lane.BULK], NOW + later)
        assert convicted.closed[Lane.BULK] == held
        assert Lane.BULK not in convicted.suspected
    freed = acquit(known, [Lane.PRIORITY, Lane.BULK], NOW + 2)
    assert (freed.closed, freed.suspected) == ({Lane.BULK: held}, {})
    assert freed.opened.keys() == {Lane.PRIORITY}


def test_acquitted_stays_open_and_is_counted_afresh() -> None:
    suspected = decide(OPEN, counted(5), WELL, NOW)
    after = acquit(suspected, [Lane.PRIORITY, Lane.BULK], NOW + 1)
    assert after == Valve(opened=dict.fromkeys(BOTH, Opened(NOW + 1, 15.0)))
    # Neither what was counted before, nor in the slot of the probe, brings it back.
    before = counted(50) + counted(50, ago=-0.9)
    for later in (2, 30, 60, 119, 120, 121):
        after = decide(after, before, WELL, NOW + later)
        assert (after.closed, after.suspected) == ({}, {})
        assert decide(after, before, Finding(GATEWAY), NOW + later).closed == {}
    again = acquit(suspected, [Lane.PRIORITY, Lane.BULK], NOW)
    assert decide(again, before + counted(5, ago=-1), WELL, NOW + 9).suspected.keys() == BOTH
    one = acquit(suspected, [Lane.BULK], NOW)
    assert one.suspected.keys() == {Lane.PRIORITY}
    assert one.opened.keys() == {Lane.BULK}


def test_who_works_is_judged_by_both_lanes_only_since_it_was_opened() -> None:
    valve = acquit(decide(OPEN, counted(5), WELL, NOW), [Lane.BULK], NOW + 1)
    after = decide(replace(valve, suspected={}), counted(5, lane=Lane.PRIORITY), WELL, NOW + 2)
    assert after.suspected.keys() == {Lane.PRIORITY}


@pytest.mark.parametrize(("ago", "wait"), [(10, 480), (180, 480), (180.001, 15), (300, 15)])
def test_who_opened_and_fails_again_goes_on_waiting_longer(ago: float, wait: float) -> None:
    opened = Valve(opened=dict.fromkeys(BOTH, Opened(NOW - ago, 240.0)))
    suspected = decide(opened, counted(5), WELL, NOW)
    assert suspected.suspected[Lane.BULK].probe_wait == wait
    closed = any_of(convict(suspected, BOTH, NOW + SUSPECTED_FOR).closed)[Lane.BULK]
    assert (closed.probe_wait, closed.probe_at) == (wait, NOW + SUSPECTED_FOR + wait)
    shown = any_of(decide(opened, counted(5), Finding(GATEWAY), NOW).closed)[Lane.BULK]
    assert (shown.probe_wait, shown.probe_at) == (wait, NOW + 900)


def test_who_worked_in_between_begins_anew() -> None:
    opened = Valve(opened=dict.fromkeys(BOTH, Opened(NOW - 60, 240.0)))
    after = decide(opened, counted(19) + counted(worked=1, ago=9), WELL, NOW)
    assert {lane: each.probe_wait for lane, each in after.suspected.items()} == {Lane.PRIORITY: 480, Lane.BULK: 15}


def test_a_lane_that_was_acquitted_and_fails_again_waits_half_a_minute() -> None:
    acquitted = acquit(decide(OPEN, counted(5), WELL, NOW), BOTH, NOW)
    again = decide(acquitted, counted(5, ago=-20), WELL, NOW + 20)
    at = NOW + 20 + SUSPECTED_FOR
    assert any_of(convict(again, BOTH, at).closed)[Lane.BULK].probe_at == at + 30


def test_no_wait_is_longer_than_fifteen_minutes() -> None:
    opened = Valve(opened=dict.fromkeys(BOTH, Opened(NOW - 10, 900.0)))
    assert decide(opened, counted(5), WELL, NOW).suspected[Lane.BULK].probe_wait == 900
