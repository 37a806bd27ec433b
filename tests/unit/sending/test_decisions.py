"""The answer table of guarantee 3, each row without and with an earlier attempt of unknown outcome."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.kobomobile.answers import Accepted, Lost, Refused, SendAnswer, Unreachable
from kobo_sms.kobomobile.tokens import explain
from kobo_sms.messages.parts import Part
from kobo_sms.messages.request import Request
from kobo_sms.sending.decisions import (
    MAX_CALLS_OF_AN_ORIGIN,
    MAX_HALVINGS,
    Known,
    Next,
    Outcome,
    after_call,
    stop_halving,
)

ONE, TWO = "2348030100001", "2348030100002"
SEVERAL = Part(Request("order-1", (ONE, TWO), "Hello"), 1.8e9)
SINGLE = Part(Request("order-1", (ONE,), "Hello"), 1.8e9)
IDS = Accepted({ONE: "a", TWO: "b"})
LIMIT = 12


@dataclass(frozen=True)
class Row:
    answer: SendAnswer
    state: str
    next: Next
    attempts: int = 1
    symptom: str | None = None
    in_doubt: bool = False
    part: Part = SEVERAL


def refused(token: str) -> Refused:
    return Refused(token)


NUMBER_AT_FAULT = ["error_param", "error_limit", "error_number"]
SENDER_AT_FAULT = ["error_invalid_senderid", "error_restricted_senderid"]
OTHER = ["error_billing", "error_msgid", "error_anything_new"]
LOST = Lost("HTTP 503, no answer")
NOBODY = Unreachable("NewConnectionError")

WITHOUT_DOUBT = [
    Row(IDS, "sent", Next.DONE),
    Row(Accepted(), "sent", Next.DONE),
    *(Row(refused(token), "split", Next.SPLIT) for token in NUMBER_AT_FAULT),
    *(Row(refused(token), "rejected", Next.DONE, part=SINGLE) for token in NUMBER_AT_FAULT),
    *(Row(refused(token), "rejected", Next.DONE) for token in SENDER_AT_FAULT),
    *(Row(refused(token), "queued", Next.RETRY) for token in OTHER),
    Row(refused("error_gw"), "queued", Next.RETRY, symptom="gateway"),
    Row(LOST, "sending", Next.RETRY, symptom="gateway", in_doubt=True),
    Row(NOBODY, "queued", Next.RETRY, symptom="gateway"),
    Row(refused("error_credit"), "held", Next.RETRY, 0, "credit"),
    Row(refused("error_user"), "held", Next.RETRY, 0, "credentials"),
    Row(refused("error_user_id"), "held", Next.RETRY, 0, "credentials"),
]
IN_DOUBT = [
    Row(IDS, "sent", Next.DONE),
    Row(Accepted(), "sent", Next.DONE),
    *(Row(refused(token), "unknown", Next.DONE) for token in (*NUMBER_AT_FAULT, *SENDER_AT_FAULT)),
    *(Row(refused(token), "unknown", Next.DONE, part=SINGLE) for token in (*NUMBER_AT_FAULT, *SENDER_AT_FAULT)),
    *(Row(refused(token), "sending", Next.RETRY) for token in OTHER),
    Row(refused("error_gw"), "sending", Next.RETRY, symptom="gateway"),
    Row(LOST, "sending", Next.RETRY, symptom="gateway"),
    Row(NOBODY, "sending", Next.RETRY, symptom="gateway"),
    Row(refused("error_credit"), "held", Next.RETRY, 0, "credit"),
    Row(refused("error_user"), "held", Next.RETRY, 0, "credentials"),
    Row(refused("error_user_id"), "held", Next.RETRY, 0, "credentials"),
]


@pytest.mark.parametrize("row", WITHOUT_DOUBT, ids=str)
@pytest.mark.parametrize("before", [0, 3])
def test_the_answer_decides(row: Row, before: int) -> None:
    decision = after_call(row.part, Known(attempts=before), row.answer, max_attempts=LIMIT, counted=True)
    assert (decision.state, decision.next, decision.symptom) == (row.state, row.next, row.symptom)
    assert decision.attempts == before + row.attempts
    assert decision.in_doubt is row.in_doubt


@pytest.mark.parametrize("row", IN_DOUBT, ids=str)
def test_the_answer_decides_after_a_lost_one(row: Row) -> None:
    known = Known(attempts=3, in_doubt=True)
    decision = after_call(row.part, known, row.answer, max_attempts=LIMIT, counted=True)
    assert (decision.state, decision.next, decision.symptom) == (row.state, row.next, row.symptom)
    assert decision.attempts == 3 + row.attempts
    assert decision.in_doubt
    if decision.state == "unknown":
        assert "may or may not have been sent" in str(decision.reason)


ANSWERS = st.one_of(
    st.just(IDS),
    st.just(Accepted()),
    st.just(LOST),
    st.just(NOBODY),
    st.sampled_from([*NUMBER_AT_FAULT, *SENDER_AT_FAULT, *OTHER, "error_gw", "error_credit", "error_user"]).map(
        Refused
    ),
)


@given(st.lists(ANSWERS, max_size=20), st.booleans())
def test_after_one_lost_answer_no_later_one_leads_to_a_new_uuid(answers: list[SendAnswer], counted: bool) -> None:
    known, lost = Known(), False
    for answer in answers:
        decision = after_call(SEVERAL, known, answer, max_attempts=LIMIT, counted=counted)
        lost = lost or isinstance(answer, Lost)
        assert decision.in_doubt is lost
        if lost:
            assert decision.next is not Next.SPLIT
            assert decision.state not in {"rejected", "failed", "lapsed", "split"}
        if decision.next is not Next.RETRY:
            break
        known = Known(decision.attempts, in_doubt=decision.in_doubt)


@pytest.mark.parametrize("answer", [LOST, NOBODY, refused("error_gw")])
def test_a_closed_valve_makes_a_gateway_that_fails_no_attempt(answer: SendAnswer) -> None:
    decision = after_call(SINGLE, Known(attempts=11), answer, max_attempts=LIMIT, counted=False)
    assert (decision.next, decision.attempts) == (Next.RETRY, 11)


def test_a_closed_valve_does_not_spare_other_errors() -> None:
    decision = after_call(SINGLE, Known(attempts=11), refused("error_billing"), max_attempts=LIMIT, counted=False)
    assert (decision.next, decision.attempts) == (Next.DEAD_LETTER, 12)


@pytest.mark.parametrize("answer", [NOBODY, *map(refused, ["error_gw", *OTHER])])
@pytest.mark.parametrize("in_doubt", [False, True])
def test_the_last_attempt(answer: SendAnswer, in_doubt: bool) -> None:
    decision = after_call(SINGLE, Known(attempts=11, in_doubt=in_doubt), answer, max_attempts=LIMIT, counted=True)
    assert (decision.state, decision.next) == ("unknown" if in_doubt else "failed", Next.DEAD_LETTER)
    assert "given up after 12 attempts" in str(decision.reason)
    assert answer.label in str(decision.reason)
    assert ("may or may not have been sent" in str(decision.reason)) is in_doubt


def test_the_last_attempt_lost() -> None:
    decision = after_call(SINGLE, Known(attempts=11), LOST, max_attempts=LIMIT, counted=True)
    assert (decision.state, decision.next, decision.in_doubt) == ("unknown", Next.DEAD_LETTER, True)


@pytest.mark.parametrize("token", ["error_credit", "error_user"])
def test_waiting_for_credit_or_credentials_never_ends_a_part(token: str) -> None:
    decision = after_call(SINGLE, Known(attempts=11), refused(token), max_attempts=LIMIT, counted=True)
    assert (decision.state, decision.next, decision.attempts) == ("held", Next.RETRY, 11)


def test_each_recipient_keeps_its_id() -> None:
    decision = after_call(SEVERAL, Known(), IDS, max_attempts=LIMIT, counted=True)
    assert decision.outcomes == {ONE: Outcome(msgid="a"), TWO: Outcome(msgid="b")}
    assert decision.reason is None


def test_accepted_without_ids() -> None:
    decision = after_call(SEVERAL, Known(), Accepted(), max_attempts=LIMIT, counted=True)
    assert not decision.outcomes
    assert "no report" in str(decision.reason)


def test_a_missing_id_is_unknown_and_a_surplus_one_nobody() -> None:
    answer = Accepted({TWO: "b", "2348030100009": "c"})
    decision = after_call(SEVERAL, Known(), answer, max_attempts=LIMIT, counted=True)
    missing = Outcome("unknown", "missing from the message ids that KoboMobile answered with")
    assert decision.outcomes == {ONE: missing, TWO: Outcome(msgid="b")}
    assert (decision.state, decision.next) == ("sent", Next.DONE)


@pytest.mark.parametrize(("in_doubt", "state"), [(False, "rejected"), (True, "unknown")])
def test_an_error_in_an_ids_place(in_doubt: bool, state: str) -> None:
    answer = Accepted({TWO: "b"}, {ONE: "error_number"})
    decision = after_call(SEVERAL, Known(in_doubt=in_doubt), answer, max_attempts=LIMIT, counted=True)
    assert decision.outcomes == {ONE: Outcome(state, explain("error_number")), TWO: Outcome(msgid="b")}


def test_the_end_of_halving() -> None:
    decision = stop_halving(Known(attempts=0), "error_param")
    assert (decision.state, decision.next, decision.attempts) == ("rejected", Next.DONE, 1)
    assert "error_param" in str(decision.reason)
    assert "64 calls" in str(decision.reason)


def test_the_halvings_fit_the_calls() -> None:
    assert 1 + 2 * MAX_HALVINGS <= MAX_CALLS_OF_AN_ORIGIN == 64 < 1 + 2 * (MAX_HALVINGS + 1)
    # 500 numbers down to a single one take 9 halvings.
    assert MAX_HALVINGS >= 9


def test_a_name_nobody_knows_is_kept() -> None:
    assert explain("error_anything_new") == "error_anything_new"
    assert explain("error_gw") == "error_gw (the gateway is down or busy)"
