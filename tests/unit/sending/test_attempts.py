"""What an item remembers of a part's attempts, and what is made of items of older releases."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.aws.dynamodb import decode, encode
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.messages.states import State
from kobo_sms.sending.attempts import DIED, HISTORY, Attempt, Lease, attempts_of, died_under, ended_under
from kobo_sms.sending.decisions import Decision, Next
from tests.unit.sending.test_item_size import size

NOW = 1_800_000_000.0
SECONDS = st.integers(0, 4 * 10**12).map(lambda milliseconds: milliseconds / 1000)
TOKENS = st.text("0123456789abcdef", min_size=1, max_size=32)
LEASES = st.builds(Lease, TOKENS, SECONDS, st.none() | st.sampled_from([str(lane) for lane in LANES]), st.booleans())
ATTEMPTS = st.builds(
    Attempt,
    SECONDS,
    st.text(min_size=1, max_size=80),
    st.sampled_from([str(state) for state in State]),
    st.none() | SECONDS,
    st.none() | st.sampled_from([str(lane) for lane in LANES]),
    st.booleans(),
    st.none() | st.integers(0, 100),
    st.none() | SECONDS,
    st.booleans(),
)


@given(LEASES)
def test_a_lease_is_read_as_it_was_written(lease: Lease) -> None:
    assert Lease.from_text(lease.to_text()) == lease


def test_a_lease_of_an_older_release_is_its_token() -> None:
    assert Lease.from_text("0123abcd") == Lease("0123abcd")


@given(ATTEMPTS)
def test_an_attempt_is_read_as_it_was_written(attempt: Attempt) -> None:
    assert Attempt.from_item(decode(encode(attempt.to_item()))) == attempt


@given(ATTEMPTS, st.text(min_size=81, max_size=20_000))
def test_a_long_answer_does_not_make_a_large_event(attempt: Attempt, answer: str) -> None:
    event = encode({"": Attempt(NOW, answer, attempt.state, NOW, attempt.lane, True, 100, NOW, True).to_item()})
    assert size(event) < 500


def test_a_hundred_attempts_with_long_answers_stay_within_the_bytes() -> None:
    history = HISTORY.read({})
    for at in range(100):
        event = Attempt(NOW + at, "é" * 200, State.SENDING, NOW + at, Lane.PRIORITY, True, at, NOW + at, True).to_item()
        history = HISTORY.extend(history, [event])
    assert size(encode({"": list(history.events)})) <= HISTORY.most_bytes + 3
    assert len(history.events) + history.left_out == 100


def test_an_attempt_is_what_the_decision_made_of_the_lease() -> None:
    lease, dead = Lease("t", NOW, "bulk"), Decision("failed", Next.DEAD_LETTER, "why", 12)
    assert ended_under(lease, dead, now=NOW + 1, label="error_gw") == Attempt(
        NOW + 1, "error_gw", "failed", NOW, "bulk", attempts=12, dead=True
    )
    held = Decision("held", Next.RETRY, attempts=3)
    again = ended_under(lease, held, now=NOW + 1, label="error_credit", next_at=NOW + 8)
    assert (again.next_at, again.dead, again.state) == (NOW + 8, False, "held")


def test_who_died_is_remembered_by_when_it_began() -> None:
    died = died_under([Lease("a", NOW, "bulk"), Lease("b")], unknown_at=NOW + 9)
    assert [(each.at, each.claimed_at, each.lane, each.answer) for each in died] == [
        (NOW, NOW, "bulk", DIED),
        (NOW + 9, None, None, DIED),
    ]


def test_leases_come_in_order_the_holders_last() -> None:
    item = {"lease": "c", "leases": {"a 9.000 bulk", "c 7.000 bulk", "b 8.000 priority probe"}, "history": []}
    assert [lease.token for lease in attempts_of(item).open] == ["b", "a", "c"]


@pytest.mark.parametrize(("calls", "left_out"), [(2, 0), (3, 1), (60, 58)])
def test_an_item_of_an_older_release_says_how_many_are_missing(calls: int, left_out: int) -> None:
    event = {"at": Decimal(NOW), "answer": "error_gw", "state": "queued", "reason": "error_gw (...)"}
    attempts = attempts_of({"history": [event, event], "calls": Decimal(calls)})
    assert attempts.ended == [Attempt(NOW, "error_gw", "queued")] * 2
    assert (attempts.left_out, attempts.gap) == (left_out, 0)


def test_an_item_without_any_history_is_read_too() -> None:
    attempts = attempts_of({"state": "sending", "lease": "x"})
    assert (attempts.ended, attempts.left_out, attempts.open) == ([], 0, [])
