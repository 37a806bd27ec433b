"""How a part ends without a call: nobody to send to, 29 days, 13 days, expires_at, too many attempts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kobo_sms.messages.parts import Part
from kobo_sms.messages.request import BadNumber, Request
from kobo_sms.sending.decisions import Decision, Known, Next, before_call

DAY = 86_400.0
QUEUED_AT = 1_800_000_000.0
PART = Part(Request("order-1", ("2348030100001",), "Hello"), QUEUED_AT)


def decide(part: Part, known: Known, after: float) -> Decision | None:
    return before_call(part, known, now=QUEUED_AT + after, max_attempts=12)


def expiring(seconds: float) -> Part:
    moment = datetime.fromtimestamp(QUEUED_AT, UTC) + timedelta(seconds=seconds)
    return replace(PART, request=replace(PART.request, expires_at=moment))


@pytest.mark.parametrize("in_doubt", [False, True])
def test_otherwise_kobomobile_is_asked(in_doubt: bool) -> None:
    assert decide(PART, Known(attempts=11, in_doubt=in_doubt, first_attempt_at=QUEUED_AT), 13 * DAY - 1) is None


def test_nobody_to_send_to() -> None:
    empty = replace(PART, request=Request("order-1", (), "Hello", bad=(BadNumber("x", "why"),)))
    assert decide(empty, Known(), 0) == Decision("rejected", Next.DONE, "none of the numbers can be sent to")


@pytest.mark.parametrize("in_doubt", [False, True])
@pytest.mark.parametrize(("age", "asked"), [(29 * DAY - 1, True), (29 * DAY, False)])
def test_a_first_attempt_of_29_days_ago_is_not_repeated(in_doubt: bool, age: float, asked: bool) -> None:
    known = Known(attempts=2, in_doubt=in_doubt, first_attempt_at=QUEUED_AT - age)
    decision = decide(PART, known, 0)
    assert (decision is None) is asked
    if decision is not None:
        assert (decision.state, decision.next, decision.in_doubt) == ("unknown", Next.DEAD_LETTER, in_doubt)
        assert "29 days" in str(decision.reason)


def test_29_days_come_before_all_else() -> None:
    decision = decide(expiring(-1), Known(attempts=99, first_attempt_at=QUEUED_AT - 29 * DAY), 13 * DAY)
    assert decision is not None
    assert decision.state == "unknown"


@pytest.mark.parametrize(("in_doubt", "state"), [(False, "failed"), (True, "unknown")])
def test_13_days_in_a_queue(in_doubt: bool, state: str) -> None:
    decision = decide(PART, Known(attempts=1, in_doubt=in_doubt), 13 * DAY)
    assert decision is not None
    assert (decision.state, decision.next) == (state, Next.DEAD_LETTER)
    assert "13 days" in str(decision.reason)


@pytest.mark.parametrize(
    ("after", "in_doubt", "state"),
    [(59.9, False, None), (60, False, "lapsed"), (60, True, "unknown"), (59.9, True, None)],
)
def test_expires_at(after: float, in_doubt: bool, state: str | None) -> None:
    decision = decide(expiring(60), Known(attempts=2, in_doubt=in_doubt), after)
    assert (decision.state if decision else None) == state
    if decision is not None:
        assert (decision.next, decision.attempts, decision.in_doubt) == (Next.DONE, 2, in_doubt)
        assert ("may or may not have been sent" in str(decision.reason)) is in_doubt


@pytest.mark.parametrize(("in_doubt", "state"), [(False, "failed"), (True, "unknown")])
def test_no_attempt_beyond_the_last(in_doubt: bool, state: str) -> None:
    decision = decide(PART, Known(attempts=12, in_doubt=in_doubt), 0)
    assert decision is not None
    assert (decision.state, decision.next, decision.attempts) == (state, Next.DEAD_LETTER, 12)
