"""`kobo why` of parts: followed down where they are split, their numbers one by one or together, their reports."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from kobo_sms.kobomobile.answers import Lost, Report
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.request import BadNumber
from kobo_sms.messages.states import State
from kobo_sms.sending.decisions import Decision, Next
from kobo_sms.table import iso
from kobo_sms.valve.signals import GATEWAY
from kobo_sms.valve.state import ClosedForFault
from tests.cli.conftest import Deployed
from tests.cli.stored_life import NOW, QUEUED, Life, numbers, part_of, the, whats, why

ONE, TWO, THREE = numbers(3)
BUSY = "error_gw"


@pytest.fixture
def life(deployed: Deployed) -> Life:
    return Life(deployed)


def halve(life: Life, to: list[str]) -> list[Any]:
    """Split a part at a bad number, which is the second one; return the halves."""
    part = part_of("order-1", to, QUEUED)
    refused = Decision(State.SPLIT, Next.SPLIT, "error_param (KoboMobile found a parameter missing or wrong)", 1)
    life.attempt(part, QUEUED + 1, "error_param", refused)
    return part.halves()


def test_the_parts_of_a_split_are_followed_down(life: Life) -> None:
    first, _ = halve(life, [ONE, TWO, THREE])
    smaller = Decision(State.SPLIT, Next.SPLIT, "error_param (...)", 1)
    life.attempt(first, QUEUED + 3, "error_param", smaller)
    good, bad = first.halves()
    life.accept(good, QUEUED + 5)
    life.attempt(bad, QUEUED + 6, "error_param", Decision(State.REJECTED, Next.DONE, "error_param (...)", 1))
    rows = why(life, "order-1")
    assert the(rows, "part 0: answered")["why"].endswith(
        "halved, each half a part of its own, down to the number at fault"
    )
    assert the(rows, "part 0.0: queued")["at"] == iso(QUEUED + 1.5)
    assert the(rows, "part 0.0: queued")["why"] == "2 numbers of part 0"
    assert the(rows, "part 0.1: queued")["why"] == "not taken from the queue yet"
    assert the(rows, "part 0.0.1: end")["state"] == "rejected"
    assert the(rows, "part 0.0.0: report asked next")["why"].endswith("FirstReportAfterSeconds after sending")
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)


def test_of_one_number_only_the_parts_that_held_it_are_told(life: Life) -> None:
    first, second = halve(life, [ONE, TWO, THREE])
    life.accept(first, QUEUED + 3)
    life.accept(second, QUEUED + 4)
    life.report(first, QUEUED + 130, {ONE: Report("DELIVRD"), TWO: Report("PROCESSED")}, again=QUEUED + 160)
    life.report(first, QUEUED + 160, {TWO: Report("UNDELIV", "0dc")}, again=None)
    rows = why(life, "order-1", f"+{ONE}")
    assert {row["what"].partition(":")[0] for row in rows} == {"part 0", "part 0.0"}
    # What was asked after its end does not concern it.
    assert [row["at"] for row in rows if "asked" in row["what"]] == [iso(QUEUED + 130)]
    assert the(rows, "part 0.0: 2 reports asked")["answer"] == "1 DELIVRD, 1 PROCESSED"
    assert rows[-1]["state"] == "delivered"
    other = why(life, "order-1", "0" + TWO[3:])
    assert other[-1] | {"at": ""} == {
        "at": "",
        "what": "part 0.0: end",
        "answer": "UNDELIV err:0dc",
        "state": "undelivered",
        "why": "the phone was switched off or out of reach",
    }


def test_of_a_number_that_waits_in_a_half_it_is_told_that_it_may_be_in_either(life: Life) -> None:
    halve(life, [ONE, TWO, THREE])
    rows = why(life, "order-1", TWO)
    assert rows[-1]["why"] == "in one of the parts 0.0 to 0.1, not taken from the queue yet"


def test_a_half_that_waits_for_a_closed_lane_has_the_closing_told(life: Life) -> None:
    first, _ = halve(life, [ONE, TWO, THREE])
    life.accept(first, QUEUED + 3)
    life.set_valve({Lane.PRIORITY: ClosedForFault(GATEWAY, QUEUED + 4)}, QUEUED + 4)
    assert whats(why(life, "order-1"))[-1] == "part 0.0: report asked next"
    assert "priority lane closed" in whats(why(life, "order-1"))
    assert "priority lane closed" not in whats(why(life, "order-1", ONE))


def test_a_request_that_is_too_large_says_into_what_it_was_split(life: Life) -> None:
    to = numbers(1100)
    root = part_of("campaign", to, QUEUED)
    life.store.split_root(root, now=QUEUED + 1, lane=Lane.BULK)
    life.lane = Lane.BULK
    life.accept(root.chunks()[1], QUEUED + 5)
    rows = why(life, "campaign")
    assert the(rows, "part 0: not asked")["why"] == "split, as one call carries 500 numbers at most"
    queued = sorted(what for what in whats(rows) if what.endswith("queued"))
    assert queued == ["part 0.0: queued", "part 0.1: queued", "part 0.2: queued", "part 0: queued"]
    assert the(rows, "part 0.1: queued")["at"] == iso(QUEUED + 1)
    assert the(why(life, "campaign", to[700]), "part 0.1: answered")["state"] == "sent"


def test_many_recipients_are_told_by_the_ways_they_ended(life: Life) -> None:
    part = part_of("order-1", numbers(20), QUEUED, bad=[BadNumber("0803", "too short")])
    life.accept(part, QUEUED + 1)
    answers: dict[str, Any] = dict.fromkeys(numbers(20)[:15], Report("DELIVRD"))
    answers |= dict.fromkeys(numbers(20)[15:18], Report("UNDELIV_DND")) | {numbers(20)[19]: Lost("HTTP 503, no report")}
    life.report(part, QUEUED + 121, answers, again=NOW + 30)
    rows = why(life, "order-1")
    asked = the(rows, "19 reports asked")
    assert asked["answer"] == "15 DELIVRD, 3 UNDELIV_DND, 1 lost: HTTP 503, no report"
    assert (asked["state"], "the answer was lost" in asked["why"]) == (None, True)
    ends = [(row["state"], row["why"]) for row in rows if row["what"] == "end"]
    assert ends == [
        ("rejected", "1 number; too short"),
        ("delivered", "15 numbers"),
        ("do_not_disturb", "3 numbers; the number is on the network's do-not-disturb list"),
    ]
    assert rows[-1]["what"] == "report asked next"
    assert [(row["what"], row["why"]) for row in why(life, "order-1", "0803")[1:]] == [
        ("claimed", "from the priority lane"),
        ("end", "too short"),
    ]


def test_the_next_question_says_why_it_comes_then(life: Life) -> None:
    part = part_of("order-1", [ONE], QUEUED)
    life.accept(part, QUEUED + 1)
    life.hear(part, QUEUED + 121, "PROCESSED", again=NOW - 30)
    late = why(life, "order-1")[-1]["why"]
    assert late == (
        f"due since {iso(NOW - 30)}: poll_reports takes the oldest first; when enough reports should have become final"
    )
    life.edit(part, put_off=Decimal(3), due_at=Decimal(NOW + 9000))
    assert why(life, "order-1")[-1]["why"].startswith("put off 3 times")
    life.edit(part, "due_at", "due_shard", "put_off")
    assert "due_at was removed by hand" in why(life, "order-1")[-1]["why"]


def test_a_report_to_the_contrary_changes_nothing_and_is_told(life: Life) -> None:
    part = part_of("order-1", [ONE], QUEUED)
    life.accept(part, QUEUED + 1)
    read = life.item(part)
    life.hear(part, QUEUED + 121, "DELIVRD", again=QUEUED + 122)
    life.hear(part, QUEUED + 123, "EXPIRED")
    assert "later_report" not in read["recipients"][ONE]
    assert the(why(life, "order-1"), "end")["why"] == "a later report said EXPIRED, which changes nothing"
