from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from kobo_sms.kobomobile.answers import Lost, Refused, Report, ReportAnswer, Unreachable
from kobo_sms.reports.rounds import ID_SETTLES_AFTER, Answered, Ended, Round, is_heard

SENT = 1_800_000_000.0
GIVE_UP = 72 * 3600.0
A, B, C = "2348030100001", "2348050100002", "447700900123"


def part(**recipients: dict[str, Any]) -> dict[str, Any]:
    known = {"a": A, "b": B, "c": C}
    return {
        "id": "order-1",
        "part": "0",
        "from": "Shop",
        "sent_at": Decimal(SENT),
        "due_at": Decimal(SENT + 120),
        "recipients": {known[name]: each for name, each in recipients.items()},
    }


def asked(item: dict[str, Any], age: float, **answers: ReportAnswer) -> Round:
    known = {"a": A, "b": B, "c": C}
    each = Round(item, GIVE_UP)
    each.answers = {known[name]: Answered(answer, SENT + age) for name, answer in answers.items()}
    return each


def test_only_those_without_a_final_report_are_asked_about() -> None:
    item = part(a={"msgid": "1"}, b={"msgid": "2", "state": "delivered"}, c={"state": "rejected"})
    assert list(Round(item, GIVE_UP).questions()) == [(A, "1")]


def test_answers_are_taken_in() -> None:
    item = part(a={"msgid": "1"}, b={"msgid": "2"}, c={"msgid": "3"})
    found = asked(item, 130, a=Report("DELIVRD"), b=Report("UNDELIV", "0dc"), c=Report("ENROUTE")).outcome(item)
    at = Decimal(str(SENT + 130))
    assert found.recipients == {
        A: {"msgid": "1", "report": "DELIVRD", "state": "delivered", "at": at},
        B: {
            "msgid": "2",
            "report": "UNDELIV err:0dc",
            "state": "undelivered",
            "at": at,
            "reason": "the phone was switched off or out of reach",
        },
        C: {"msgid": "3", "report": "ENROUTE"},
    }
    assert found.ended == [
        Ended("delivered", None, "MTN", "Shop", 0, 130),
        Ended("undelivered", "absent", "Glo", "Shop", 0, 130),
    ]
    assert found.pending == {"other": 1}
    assert found.asked_at == SENT + 130
    assert item["recipients"][A] == {"msgid": "1"}


def test_a_final_report_lies_between_two_questions() -> None:
    item = part(a={"msgid": "1"}) | {"asked_at": Decimal(SENT + 120)}
    (ended,) = asked(item, 240, a=Report("DELIVRD")).outcome(item).ended
    assert (ended.low, ended.high) == (120, 240)


def test_unless_all_were_asked_the_next_interval_begins_where_this_one_did() -> None:
    item = part(a={"msgid": "1"}, b={"msgid": "2"})
    assert asked(item, 130, a=Report("ENROUTE")).outcome(item).asked_at is None


def test_the_pages_sent_are_told_by_the_first_round_that_has_asked_about_all() -> None:
    item = part(a={"msgid": "1"}, b={"msgid": "2"}, c={"state": "rejected"}) | {"pages": Decimal(3)}
    assert asked(item, 130, a=Report("DELIVRD")).outcome(item).pages == 0
    item = item | {"recipients": item["recipients"] | {A: {"msgid": "1", "state": "delivered"}}}
    assert asked(item, 190, b=Report("ENROUTE")).outcome(item).pages == 2 * 3
    item |= {"asked_at": Decimal(SENT + 190)}
    assert asked(item, 250, b=Report("DELIVRD")).outcome(item).pages == 0


@pytest.mark.parametrize(
    ("answer", "age", "state"),
    [
        (Report("PROCESSED"), GIVE_UP - 1, None),
        (Report("PROCESSED"), GIVE_UP, "unknown"),
        (Report(""), GIVE_UP, "unknown"),
        (Report("NEWWORD"), GIVE_UP, "unknown"),
        (Refused("error_param"), GIVE_UP, "unknown"),
        # Nobody has answered: that is asked again.
        (Refused("error_gw"), GIVE_UP, None),
        (Refused("error_user"), GIVE_UP, None),
        (Lost("timeout"), GIVE_UP, None),
        (Unreachable("refused"), 2 * GIVE_UP, None),
        (Refused("error_msgid"), ID_SETTLES_AFTER, None),
        (Refused("error_msgid"), ID_SETTLES_AFTER + 1, "unknown"),
        (Report("DELIVRD"), GIVE_UP + 1, "delivered"),
    ],
)
def test_giving_up_needs_an_answer(answer: ReportAnswer, age: float, state: str | None) -> None:
    item = part(a={"msgid": "1"})
    assert asked(item, age, a=answer).outcome(item).recipients[A].get("state") == state
    assert is_heard(answer) == isinstance(answer, Report) or isinstance(answer, Refused)


def test_what_was_given_up_has_no_time_and_its_reason() -> None:
    item = part(a={"msgid": "1"})
    found = asked(item, GIVE_UP, a=Report("PROCESSED")).outcome(item)
    assert found.ended == [Ended("unknown", "no_report", "MTN", "Shop")]
    assert found.recipients[A]["reason"] == "no final report within 72 hours"


@pytest.mark.parametrize("answer", [Report("UNDELIV"), Report("EXPIRED", "206")])
def test_a_report_that_goes_backwards_is_kept_and_changes_nothing(answer: Report) -> None:
    known = {"msgid": "1", "state": "delivered", "report": "DELIVRD", "at": Decimal(5)}
    item = part(a=dict(known))
    found = asked(item, 130, a=answer).outcome(item)
    assert found.recipients[A] == known | {"later_report": answer.raw}
    assert (found.ended, found.changed) == ([], True)


@pytest.mark.parametrize("answer", [Report("DELIVRD"), Report("PROCESSED"), Refused("error_msgid"), Lost("x")])
def test_what_says_nothing_new_of_a_final_recipient_is_left(answer: ReportAnswer) -> None:
    item = part(a={"msgid": "1", "state": "delivered", "report": "DELIVRD"})
    found = asked(item, GIVE_UP, a=answer).outcome(item)
    assert not found.changed
    assert found.recipients == item["recipients"]


def test_unknown_may_still_become_delivered() -> None:
    item = part(a={"msgid": "1", "state": "unknown", "reason": "no final report within 72 hours"})
    found = asked(item, GIVE_UP + 5, a=Report("DELIVRD")).outcome(item)
    assert found.recipients[A]["state"] == "delivered"
    assert "reason" not in found.recipients[A]


def test_an_outcome_can_be_had_of_a_newer_item() -> None:
    """Another invocation has written about B in the meantime: nothing of that is undone, nothing counts twice."""
    read = part(a={"msgid": "1"}, b={"msgid": "2"})
    newer = part(a={"msgid": "1"}, b={"msgid": "2", "state": "expired", "report": "EXPIRED"})
    found = asked(read, 130, a=Report("DELIVRD"), b=Report("EXPIRED")).outcome(newer)
    assert found.recipients[B] == newer["recipients"][B]
    assert [each.state for each in found.ended] == ["delivered"]
    again = asked(read, 130, a=Report("DELIVRD"), b=Report("EXPIRED")).outcome(newer | {"recipients": found.recipients})
    assert not again.changed
    assert again.ended == []
