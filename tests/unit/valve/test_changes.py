"""What the valve's item remembers of its changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.table import History
from kobo_sms.valve.changes import CHANGES, Change, changes_of, remember
from kobo_sms.valve.signals import CREDENTIALS, GATEWAY
from kobo_sms.valve.state import Closed, ClosedByOperator, ClosedForCredit, ClosedForFault

NOW = 1_800_000_000.0
GATEWAY_DOWN = ClosedForFault(GATEWAY, NOW, "12 of 12 calls failed")
CLOSED = st.one_of(
    st.builds(ClosedForFault, st.sampled_from((GATEWAY, CREDENTIALS)), st.floats(0, 1e9), st.text(max_size=90)),
    st.builds(ClosedForCredit, st.floats(0, 1e9), st.text(max_size=90)),
    st.builds(ClosedByOperator, st.floats(0, 1e9), st.text(max_size=90), st.text(max_size=90)),
)
VALVES = st.dictionaries(st.sampled_from(LANES), CLOSED)


def changed(before: dict[Lane, Closed], after: dict[Lane, Closed]) -> list[Change]:
    return changes_of(remember(History(), before, after, NOW))


def test_closing_and_opening_are_remembered_by_lane() -> None:
    assert changed({}, {Lane.BULK: GATEWAY_DOWN}) == [Change(NOW, Lane.BULK, "gateway", "12 of 12 calls failed")]
    assert changed({Lane.BULK: GATEWAY_DOWN}, {}) == [Change(NOW, Lane.BULK, None)]


@pytest.mark.parametrize(
    "other",
    [
        replace(GATEWAY_DOWN, probe_at=NOW + 30, probe_wait=60.0),
        replace(GATEWAY_DOWN, confirmed=True),
        replace(GATEWAY_DOWN, sweep_at=NOW),
    ],
)
def test_a_closed_lane_that_stays_closed_has_not_changed(other: Closed) -> None:
    assert changed({Lane.BULK: GATEWAY_DOWN}, {Lane.BULK: other}) == []


def test_another_cause_and_a_closing_anew_are_changes() -> None:
    (other,) = changed({Lane.BULK: GATEWAY_DOWN}, {Lane.BULK: replace(GATEWAY_DOWN, cause=CREDENTIALS)})
    assert other.cause == "credentials"
    (anew,) = changed({Lane.BULK: GATEWAY_DOWN}, {Lane.BULK: replace(GATEWAY_DOWN, since=NOW + 1)})
    assert anew.cause == "gateway"


def test_an_operators_name_and_reason_are_kept_in_one_line() -> None:
    (change,) = changed({}, {Lane.BULK: ClosedByOperator(NOW, "wrong\ntext", "ada")})
    assert (change.cause, change.detail) == ("operator", "by ada: wrong text")


@given(st.lists(VALVES, max_size=60))
def test_they_are_bounded_and_the_newest_tell_what_is_closed(valves: list[dict[Lane, Closed]]) -> None:
    history, lines = History(), 0
    before: dict[Lane, Closed] = {}
    for at, after in enumerate(valves):
        known = len(history.events) + history.left_out
        history = CHANGES.read(CHANGES.attributes(remember(history, before, after, NOW + at)))
        lines += len(history.events) + history.left_out - known
        before = after
    assert len(history.events) <= CHANGES.last
    assert sum(len(line.encode()) for line in history.events) <= CHANGES.most_bytes
    assert len(history.events) + history.left_out == lines
    newest = {change.lane: change.cause for change in changes_of(history)}
    assert {lane: cause for lane, cause in newest.items() if cause} == {
        lane: each.cause for lane, each in before.items()
    }


def test_lines_that_nobody_can_read_are_passed_over() -> None:
    history = History(("", "later bulk gateway", "1 no-lane gateway", "1.000 bulk", "1.000 bulk open"))
    assert changes_of(history) == [Change(1.0, Lane.BULK, None)]
