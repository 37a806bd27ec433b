"""Which calls are looked at, and when they say that KoboMobile hardly works."""

from __future__ import annotations

import pytest

from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.valve.call_window import CallWindow, Evidence, KnownCalls, slot_of
from kobo_sms.valve.signals import ACCEPTED, ANSWERED, CREDENTIALS, CREDIT, GATEWAY
from tests.unit.valve.counted_calls import NOW, counted

OTHER = {"bulk": Lane.PRIORITY, Lane.PRIORITY: Lane.BULK}


def seen(window: CallWindow, lane: Lane = Lane.BULK, now: float = NOW, since: float = 0.0) -> tuple[int, int]:
    """Return how many calls of `lane` are looked at for a fault, and how many of them failed."""
    found = window.fault(lane, now, since)
    return found.calls, found.failed


@pytest.mark.parametrize(("at", "slot"), [(0, 0), (4.999, 0), (5, 1), (1_800_000_004.999, 360_000_000)])
def test_a_slot_is_five_seconds(at: float, slot: int) -> None:
    assert slot_of(at) == slot


@pytest.mark.parametrize("ago", [5, 9, 10, 60])
@pytest.mark.parametrize(("worked", "failed"), [(100, 0), (0, 100), (50, 50)])
def test_once_there_are_twenty_calls_no_older_slot_is_looked_at(ago: float, worked: int, failed: int) -> None:
    older = counted(failed, worked, ago=ago + 5)
    assert seen(counted(19, 1, ago=ago) + older) == (20, 19)
    assert seen(counted(20, ago=ago) + older) == (20, 20)
    assert seen(counted(18, 1, ago=ago) + older) == (119, 18 + failed)


def test_the_newest_two_slots_are_looked_at_however_many_calls_one_of_them_holds() -> None:
    assert seen(counted(20) + counted(worked=500, ago=5) + counted(worked=500, ago=10)) == (520, 20)


def test_few_calls_are_looked_for_slot_by_slot() -> None:
    window = counted(2, 1) + counted(8, ago=20) + counted(9, ago=60) + counted(worked=40, ago=65)
    assert seen(window) == (20, 19)
    assert seen(window + counted(worked=7, ago=60)) == (27, 19)


@pytest.mark.parametrize("ago", [5, 10, 60])
def test_ten_calls_that_all_failed_since_the_last_that_worked_are_enough(ago: float) -> None:
    """What worked before an outage says nothing of it."""
    older = counted(worked=100, ago=ago + 5)
    assert seen(counted(10, ago=ago) + older) == (10, 10)
    assert (counted(10, ago=ago) + older).fault(Lane.BULK, NOW).hardly_works
    assert seen(counted(9, ago=ago) + older) == (109, 9)
    # Not, if one of them worked, nor before the slot in which one did.
    assert seen(counted(15, 1, ago=ago) + older) == (116, 15)
    older = counted(4, ago=ago + 5) + counted(worked=100, ago=ago + 10)
    assert seen(counted(10, ago=ago) + older) == (14, 14)


def test_who_is_refused_for_credit_has_met_a_gateway_that_works_and_no_credit() -> None:
    assert seen(counted(10, ago=5) + counted(9, ago=10, symptom=CREDIT)) == (10, 10)
    assert seen(counted(10, ago=5) + counted(1, symptom=CREDIT) + counted(worked=9, ago=10)) == (20, 10)
    no_credit = counted(10, ago=5, symptom=CREDIT)
    assert (no_credit + counted(9, ago=10) + counted(9, ago=15, symptom=CREDIT)).credit(Lane.BULK, NOW).calls == 19
    assert (no_credit + counted(worked=9, ago=10)).credit(Lane.BULK, NOW).calls == 10


@pytest.mark.parametrize(("ago", "looked_at"), [(119, True), (120, False), (1000, False), (-1, False)])
def test_what_is_two_minutes_old_or_ahead_of_the_clock_says_nothing(ago: float, looked_at: bool) -> None:
    assert seen(counted(6, ago=ago)) == ((6, 6) if looked_at else (0, 0))


@pytest.mark.parametrize(
    ("failed", "calls", "recipients", "hardly"),
    [
        (18, 20, 3, True),
        (17, 20, 3, False),
        (18, 20, 2, False),
        (19, 21, 3, True),
        (18, 21, 3, False),
        (900, 1000, 3, True),
        (899, 1000, 3, False),
        (5, 5, 3, True),
        (5, 5, 2, False),
        (4, 4, 4, False),
        (5, 6, 5, False),
        (19, 19, 3, True),
        (18, 19, 3, False),
        (0, 0, 0, False),
        (0, 0, 3, False),
    ],
)
def test_hardly_works(failed: int, calls: int, recipients: int, hardly: bool) -> None:
    assert Evidence(calls, failed, recipients).hardly_works is hardly


def test_nine_of_ten_are_nine_of_ten_however_many_there_are() -> None:
    for tens in range(2, 2000):
        assert Evidence(10 * tens, 9 * tens, 3).hardly_works
        assert not Evidence(10 * tens, 9 * tens - 1, 3).hardly_works


@pytest.mark.parametrize(
    ("failed", "calls", "bears_out"),
    [(3, 3, True), (2, 2, False), (0, 0, False), (3, 4, False), (9, 10, True), (8, 9, False), (0, 30, False)],
)
def test_three_failed_calls_bear_out_what_credit_shows_whoever_they_were_for(
    failed: int, calls: int, bears_out: bool
) -> None:
    assert Evidence(calls, failed, recipients=1).bears_out is bears_out


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("symptom", [GATEWAY, CREDENTIALS])
def test_a_lane_with_twenty_calls_of_its_own_is_judged_by_them(lane: Lane, symptom: Symptom) -> None:
    failing = counted(18, 2, lane=lane, symptom=symptom)
    working = counted(worked=500, lane=OTHER[lane])
    assert seen(failing + working, lane) == (20, 18)
    assert (failing + working).fault(lane, NOW).hardly_works
    assert not (failing + working).fault(OTHER[lane], NOW).hardly_works


@pytest.mark.parametrize("lane", LANES)
def test_few_calls_that_work_are_never_judged_by_the_other_lanes(lane: Lane) -> None:
    failing = counted(500, lane=OTHER[lane])
    assert seen(failing + counted(0, 1, lane=lane), lane) == (1, 0)
    assert seen(failing + counted(8, 1, lane=lane), lane) == (9, 8)
    # Nine of ten: that is no lane that works.
    assert seen(failing + counted(9, 1, lane=lane), lane) == (510, 509)


@pytest.mark.parametrize("lane", LANES)
def test_a_lane_without_calls_or_with_few_that_fail_is_judged_by_both(lane: Lane) -> None:
    failing = counted(5, lane=OTHER[lane])
    assert failing.fault(lane, NOW).hardly_works
    assert seen(failing + counted(2, lane=lane), lane) == (7, 7)
    assert seen(counted(19, lane=lane) + counted(worked=30, lane=OTHER[lane]), lane) == (49, 19)


def test_both_faults_are_counted_together_and_a_refusal_for_credit_is_an_answer() -> None:
    window = counted(2) + counted(3, symptom=CREDENTIALS, recipients="de") + counted(2, symptom=CREDIT)
    evidence = window.fault(Lane.BULK, NOW)
    assert (evidence.calls, evidence.failed, evidence.recipients) == (7, 5, 5)


def test_credit_is_of_one_lane_and_counted_beside_what_was_accepted() -> None:
    no_credit = counted(5, symptom=CREDIT) + counted(50, recipients="xyz")
    assert no_credit.credit(Lane.BULK, NOW) == Evidence(5, 5, 3, 119)
    assert no_credit.credit(Lane.PRIORITY, NOW) == Evidence(0, 0, 0, 119)
    assert (no_credit + counted(worked=90, lane=Lane.PRIORITY)).credit(Lane.BULK, NOW).hardly_works
    assert not (no_credit + counted(worked=1)).credit(Lane.BULK, NOW).hardly_works


def test_whoever_failed_before_what_is_looked_at_is_nobody_of_it() -> None:
    window = counted(20, recipients="ab") + counted(1, ago=10, recipients="cde")
    assert window.fault(Lane.BULK, NOW).recipients == 2
    assert not window.fault(Lane.BULK, NOW).hardly_works
    other = counted(20, recipients="ab") + counted(1, recipients="c", lane=Lane.PRIORITY)
    assert other.fault(Lane.BULK, NOW).recipients == 2
    assert (counted(20, recipients="ab") + counted(2, symptom=CREDIT)).fault(Lane.BULK, NOW).recipients == 2


@pytest.mark.parametrize("symptom", [GATEWAY, CREDIT])
def test_since_leaves_out_what_was_counted_before(symptom: Symptom) -> None:
    window = counted(7, symptom=symptom) + counted(8, ago=5, symptom=symptom) + counted(9, ago=10, symptom=symptom)
    look = window.credit if symptom == CREDIT else window.fault
    # The slot in which it lies is left out as a whole: nobody knows which of its calls came after.
    begins = NOW - 4
    assert [look(Lane.BULK, NOW, begins - each).calls for each in (-3, 0, 1, 5, 6, 10, 11)] == [0, 0, 7, 7, 15, 15, 24]
    assert look(Lane.BULK, NOW, begins - 6).seconds == 9


def test_since_leaves_out_what_the_other_lane_met_before_too() -> None:
    window = counted(7, lane=Lane.PRIORITY, ago=5)
    assert seen(window, Lane.BULK, since=NOW) == (0, 0)
    assert seen(window, Lane.BULK, since=NOW - 10) == (7, 7)


def test_the_words_say_what_was_counted() -> None:
    window = counted(15, 6, ago=26) + counted(16, ago=5) + counted(worked=3) + counted(9, ago=35)
    assert str(window.fault(Lane.BULK, NOW)) == "31 of 40 calls failed in the last 29 seconds"


@pytest.mark.parametrize(
    ("window", "seconds"),
    [
        (counted(20), 9),
        (counted(19) + counted(1, ago=25), 29),
        (counted(19) + counted(1, ago=29), 29),
        (counted(9), 119),
    ],
)
def test_the_seconds_go_back_to_the_oldest_slot_looked_at(window: CallWindow, seconds: int) -> None:
    assert window.fault(Lane.BULK, NOW).seconds == seconds


def test_refused_pages_are_of_their_lane_and_of_the_last_two_minutes() -> None:
    window = (
        counted(1, symptom=CREDIT, recipients="a", pages=500)
        + counted(1, symptom=CREDIT, recipients="b", pages=3, ago=119)
        + counted(1, symptom=CREDIT, recipients="c", pages=7, ago=120)
        + counted(1, symptom=CREDIT, recipients="d", pages=9, lane=Lane.PRIORITY)
        + counted(1, symptom=GATEWAY, recipients="e", pages=11)
    )
    assert sorted(window.refused_pages(Lane.BULK, NOW)) == [3, 500]
    assert window.refused_pages(Lane.PRIORITY, NOW) == [9]
    assert window.refused_pages(Lane.BULK, NOW, since=NOW - 10) == [500]
    assert window.refused_pages(Lane.BULK, NOW, since=NOW) == []


@pytest.mark.parametrize(("gateway", "credentials"), [(3, 2), (2, 3), (20, 1), (1, 20)])
def test_the_more_frequent_fault_is_that_of_both_lanes_together(gateway: int, credentials: int) -> None:
    window = (
        counted(gateway, lane=Lane.PRIORITY)
        + counted(credentials - 1, symptom=CREDENTIALS)
        + counted(1, symptom=CREDENTIALS, lane=Lane.PRIORITY)
    )
    assert window.more_frequent(NOW) == (GATEWAY if gateway > credentials else CREDENTIALS)
    assert (window + counted(50, ago=30)).more_frequent(NOW, since=NOW - 10) == window.more_frequent(NOW)


def test_works_since_is_of_its_lane_and_of_a_slot_that_began_later() -> None:
    worked = counted(worked=1)
    works = [worked.works_since(Lane.BULK, NOW - ago, GATEWAY) for ago in (-5, 0, 4, 5, 100)]
    assert works == [False, False, False, True, True]
    assert not worked.works_since(Lane.PRIORITY, NOW - 100, GATEWAY)
    assert not counted(30, ago=0).works_since(Lane.BULK, NOW - 100, GATEWAY)


@pytest.mark.parametrize(("ago", "stale"), [(0, False), (120, False), (124, False), (125, True), (5000, True)])
def test_stale_is_what_nobody_looks_at_any_more(ago: float, stale: bool) -> None:
    window = counted(3, 2, ago=ago) + counted(1, 1)
    old, new = window.stale(NOW), window.fresh(NOW)
    assert old == (counted(3, 2, ago=ago) if stale else CallWindow())
    assert new == (counted(1, 1) if stale else window)


@pytest.mark.parametrize(("ago", "fresh"), [(0, True), (4, True), (5, True), (9, True), (10, False)])
def test_fresh_recipients_are_those_of_the_newest_two_slots(ago: float, fresh: bool) -> None:
    window = counted(9, ago=ago) + counted(1, symptom=CREDIT, recipients="x") + counted(1, lane=Lane.PRIORITY)
    assert window.fresh_recipients(GATEWAY, Lane.BULK, NOW) == (set("abc") if fresh else set())
    assert window.fresh_recipients(CREDIT, Lane.BULK, NOW) == {"x"}
    assert window.fresh_recipients(CREDENTIALS, Lane.BULK, NOW) == set()


def test_windows_add_up() -> None:
    total = counted(2, 3) + counted(4, recipients="cd") + CallWindow()
    assert total == CallWindow(
        {(slot_of(NOW), Lane.BULK, GATEWAY): 6, (slot_of(NOW), Lane.BULK, ACCEPTED): 3},
        counted(1, recipients="abcd").signals,
    )


def test_before_anything_is_known_nothing_is_closed_nor_fails() -> None:
    known = KnownCalls()
    assert (known.closed, known.window) == (frozenset(), CallWindow())
    assert known.window.fault(Lane.BULK, NOW) == Evidence(0, 0, 0, 119)


def test_the_more_frequent_fault_is_that_of_the_calls_looked_at() -> None:
    window = counted(25, symptom=CREDENTIALS, ago=60) + counted(20)
    assert seen(window) == (20, 20)
    assert window.more_frequent(NOW) == GATEWAY


@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.5, 0.9])
def test_a_call_of_its_own_that_worked_meanwhile_counts_whatever_the_fraction_of_the_second(fraction: float) -> None:
    window = counted(20, ago=5) + counted(worked=1, ago=5, lane=Lane.PRIORITY)
    assert seen(window, Lane.PRIORITY, NOW + fraction) == (1, 0)
    # But not one from before the calls of both that are looked at.
    window = counted(20, ago=5) + counted(worked=1, ago=10, lane=Lane.PRIORITY)
    assert seen(window, Lane.PRIORITY, NOW + fraction) == (20, 20)


@pytest.mark.parametrize(("what", "of_credit", "of_a_fault"), [(ACCEPTED, 1, 1), (ANSWERED, 0, 1), (CREDIT, 0, 1)])
def test_who_refuses_for_a_reason_of_the_calls_own_works(what: str, of_credit: int, of_a_fault: int) -> None:
    window = CallWindow({(slot_of(NOW), Lane.BULK, what): 1})
    assert window.works_since(Lane.BULK, NOW - 60, CREDIT) is bool(of_credit)
    assert window.works_since(Lane.BULK, NOW - 60, GATEWAY) is bool(of_a_fault)


def test_twenty_calls_refused_for_reasons_of_their_own_bear_witness_for_the_gateway() -> None:
    failed = counted(failed=20)
    assert failed.fault(Lane.BULK, NOW).hardly_works
    assert not (failed + CallWindow({(slot_of(NOW), Lane.BULK, ANSWERED): 20})).fault(Lane.BULK, NOW).hardly_works
