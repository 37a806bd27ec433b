"""What a retry and a drop make of a letter, by how its part stands."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_cli.dead import verdicts
from kobo_cli.dead.letters import Letter
from kobo_cli.dead.verdicts import Step
from kobo_sms.messages import states
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.request import conceal
from kobo_sms.messages.states import State
from tests.cli.dead.letters import DAY, JUDGE, NOW, ONE, REQUEST, TWO, letter, standing

DARING = replace(JUDGE, may_double=True)
STATES = [state.value for state in State]
LATER, BEFORE = Decimal(NOW + 20), Decimal(NOW - 20)
SENSITIVE = conceal(json.dumps({**REQUEST, "sensitive": True}))
# What changes a part's standing; `leases` alone are those of attempts that died.
CHANGES: list[dict[str, Any]] = [
    {},
    {"in_doubt": True},
    {"in_doubt": None, "doubt": True},
    {"leases": {"a"}, "lease": "a", "lease_until": BEFORE},
    {"leases": {"a"}, "lease": "a", "lease_until": LATER},
    {"first_attempt_at": Decimal(NOW - 29 * DAY)},
    {"first_attempt_at": None},
    {"recipients": {ONE: {"msgid": "x"}, TWO: {}}},
    {"fingerprint": "another", "raw_fingerprint": "another"},
    {"reopened_for": {"letter-1"}},
    {"reopened_for": {"letter-2"}},
]


def steps(of: Letter, state: str = "failed", **changed: Any) -> tuple[Step, Step]:
    """Return what a retry does without and with leave to send twice."""
    found = standing(of, state, **changed)
    return JUDGE.retry(of, found, NOW).step, DARING.retry(of, found, NOW).step


def test_a_part_that_failed_is_opened_again() -> None:
    verdict = JUDGE.retry(letter(), standing(letter()), NOW)
    assert (verdict.step, verdict.lane, verdict.why) == (Step.REOPEN, Lane.BULK, "")
    assert verdict.part is not None
    assert verdict.part.request.to == (ONE,)


@pytest.mark.parametrize(
    "state", ["sent", "delivered", "undelivered", "do_not_disturb", "expired", "rejected", "lapsed"]
)
def test_what_has_ended_otherwise_is_never_opened(state: str) -> None:
    assert steps(letter(), state) == (Step.STAY, Step.STAY)
    assert JUDGE.retry(letter(), standing(letter(), state), NOW).why == (
        f"it has ended as {state}, so there is nothing to send; drop it"
    )


@pytest.mark.parametrize(
    ("state", "changed"),
    [
        ("unknown", {}),
        ("failed", {"in_doubt": True}),
        ("failed", {"in_doubt": None, "doubt": True}),
        ("sending", {"in_doubt": True}),
        ("sending", {"leases": {"a"}, "lease": "a", "lease_until": BEFORE}),
    ],
)
def test_what_is_in_doubt_is_only_tried_by_who_takes_it_upon_himself(state: str, changed: dict[str, Any]) -> None:
    assert steps(letter(), state, **changed) == (Step.STAY, Step.REOPEN)
    found = standing(letter(), state, **changed)
    assert JUDGE.retry(letter(), found, NOW).why == verdicts.IN_DOUBT
    assert DARING.retry(letter(), found, NOW).why == verdicts.MAY_DOUBLE


def test_an_attempt_under_way_is_left_alone() -> None:
    changed = {"leases": {"a"}, "lease": "a", "lease_until": LATER}
    assert steps(letter(), "sending", **changed) == (Step.STAY, Step.STAY)
    assert JUDGE.drop(letter(), standing(letter(), "sending", **changed), NOW).step is Step.STAY


@pytest.mark.parametrize("state", ["failed", "unknown", "queued"])
def test_nothing_is_tried_29_days_after_its_first_attempt(state: str) -> None:
    days = 29 * Decimal(DAY)
    assert steps(letter(), state, first_attempt_at=Decimal(NOW) - days) == (Step.STAY, Step.STAY)
    assert steps(letter(), "failed", first_attempt_at=Decimal(NOW) - days + 1)[0] is Step.REOPEN


@pytest.mark.parametrize("state", ["queued", "held", "sending"])
def test_what_waits_anyway_is_put_back_as_it_is(state: str) -> None:
    assert steps(letter(), state)[0] is Step.QUEUE


def test_what_the_table_does_not_know_is_put_back() -> None:
    assert JUDGE.retry(letter(), None, NOW).step is Step.QUEUE


def test_of_what_was_split_the_smaller_parts_are_tried_as_they_stand() -> None:
    assert steps(letter(), "split") == (Step.QUEUE, Step.QUEUE)


@pytest.mark.parametrize(("late", "step"), [(-1, Step.STAY), (0, Step.STAY), (1, Step.REOPEN)])
def test_what_has_expired_stays(late: int, step: Step) -> None:
    moment = datetime.fromtimestamp(NOW + late, UTC).isoformat()
    expiring = letter({**REQUEST, "expires_at": moment})
    assert steps(expiring) == (step, step)
    if step is Step.STAY:
        assert JUDGE.retry(expiring, None, NOW).why == verdicts.EXPIRED


def test_a_lane_is_never_guessed() -> None:
    lost = letter(Lane=None)
    assert JUDGE.retry(lost, standing(lost), NOW).why == verdicts.NO_LANE
    named = replace(JUDGE, lane=Lane.PRIORITY)
    assert named.retry(lost, standing(lost), NOW).lane is Lane.PRIORITY
    # The letter's own lane is not to be overruled.
    assert named.retry(letter(), standing(letter()), NOW).lane is Lane.BULK


def test_a_letter_of_other_content_touches_nothing() -> None:
    """Its id was used before: what stands in the table under it is not its part."""
    other = letter({**REQUEST, "msg": "Something else"}, Attempts=None, KoboPart=None)
    found = standing(letter())
    assert (JUDGE.retry(other, found, NOW).step, JUDGE.retry(other, found, NOW).why) == (
        Step.STAY,
        verdicts.OTHER_CONTENT,
    )
    for state in STATES:
        assert JUDGE.drop(other, standing(letter(), state), NOW).step is Step.DELETE


def test_what_an_earlier_retry_began_is_finished_whatever_has_become_true_since() -> None:
    begun = {"reopened_for": {"letter-1"}, "in_doubt": True, "first_attempt_at": Decimal(NOW - 29 * DAY)}
    expired = letter({**REQUEST, "expires_at": datetime.fromtimestamp(NOW - 1, UTC).isoformat()})
    for state in states.OPEN:
        assert steps(expired, state, **begun) == (Step.QUEUE, Step.QUEUE)


@pytest.mark.parametrize("state", [state for state in STATES if state not in states.OPEN])
def test_a_letter_whose_retry_has_ended_is_only_deleted(state: str) -> None:
    assert steps(letter(), state, reopened_for={"letter-1", "letter-0"}) == (Step.DELETE, Step.DELETE)


def test_a_new_letter_of_a_part_that_failed_again_is_a_new_retry() -> None:
    assert steps(letter(id_="letter-2"), reopened_for={"letter-1"})[0] is Step.REOPEN


@pytest.mark.parametrize("state", STATES)
def test_a_drop_ends_what_is_open_and_leaves_the_rest_as_it_is(state: str) -> None:
    verdict = JUDGE.drop(letter(), standing(letter(), state), NOW)
    assert verdict.step is (Step.END if state in states.OPEN else Step.DELETE)
    assert state in states.OPEN or state in verdict.why


def test_dropping_what_the_table_does_not_know() -> None:
    assert JUDGE.drop(letter(), None, NOW).step is Step.END_UNCLAIMED
    unread = JUDGE.drop(letter("{not JSON"), None, NOW)
    assert (unread.step, unread.why) == (Step.DELETE, "the table has no record of it: it cannot be read")
    # Queued again, it would be split all the same.
    many = letter({**REQUEST, "to": [f"23480301{at:05d}" for at in range(501)]})
    assert JUDGE.drop(many, None, NOW).step is Step.DELETE


def test_a_sensitive_letter_can_be_dropped_and_not_sent() -> None:
    found = standing(letter({**REQUEST, "sensitive": True}), "sending", in_doubt=True)
    given_up, conflict = letter(SENSITIVE), letter(SENSITIVE, Attempts=None)
    assert DARING.retry(given_up, found, NOW).step is Step.STAY
    assert JUDGE.drop(given_up, found, NOW).step is Step.END
    # Of other content, it may be: nothing tells.
    assert JUDGE.drop(conflict, found, NOW).step is Step.DELETE


@given(st.sampled_from(STATES), st.lists(st.sampled_from(CHANGES)), st.booleans(), st.booleans(), st.booleans())
def test_nothing_goes_back_that_must_not(
    state: str, changes: list[Any], daring: bool, expired: bool, lane: bool
) -> None:
    moment = datetime.fromtimestamp(NOW - 1, UTC).isoformat()
    of = letter({**REQUEST, "expires_at": moment} if expired else None, Lane="bulk" if lane else None)
    found = standing(of, state, **{name: value for change in changes for name, value in change.items()})
    retry = (DARING if daring else JUDGE).retry(of, found, NOW)
    begun = found.was_reopened_for("letter-1")
    if retry.step is Step.REOPEN:
        assert lane
        assert not expired
        assert not begun
        assert found.item["fingerprint"] != "another"
        assert state in {"queued", "held", "sending", "failed", "unknown"}
        assert daring or not found.in_doubt
        assert not found.is_accepted
        assert not found.is_too_old(NOW)
        assert found.busy_until(NOW) is None
    if retry.step is Step.QUEUE:
        assert lane
        assert state in states.OPEN | {"split"}
        assert begun or not expired
    # A letter that goes without its message: only where its retry is over.
    assert retry.step is not Step.DELETE or (begun and not found.is_open)
    drop = JUDGE.drop(of, found, NOW)
    assert drop.step is not Step.END or (found.is_open and found.busy_until(NOW) is None)
    assert drop.back is None
