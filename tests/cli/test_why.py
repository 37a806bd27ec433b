"""`kobo why`: what happened to a request, from the items that the rooms' own stores have written."""

from __future__ import annotations

import time
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from kobo_sms.kobomobile.answers import Lost, Report
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.request import BadNumber
from kobo_sms.messages.states import State
from kobo_sms.sending.decisions import Decision, Next
from kobo_sms.sending.operator_store import OperatorStore
from kobo_sms.table import iso
from kobo_sms.valve.rules import ClosedByOperator, ClosedForCredit, ClosedForFault
from kobo_sms.valve.signals import GATEWAY
from tests.cli.conftest import Deployed
from tests.cli.stored_life import Life, numbers, part_of

ONE, TWO, THREE = numbers(3)
NOW = float(round(time.time()))
QUEUED = NOW - 3600
BUSY = "error_gw"


def again(state: str = State.QUEUED, attempts: int = 1) -> Decision:
    return Decision(state, Next.RETRY, "a reason of its own", attempts)


@pytest.fixture
def life(deployed: Deployed) -> Life:
    return Life(deployed)


def why(life: Life, *arguments: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = life.deployed.json("why", *arguments)
    return rows


def whats(rows: list[dict[str, Any]]) -> list[str]:
    return [row["what"] for row in rows]


def the(rows: list[dict[str, Any]], what: str) -> dict[str, Any]:
    """Return the only row that says `what`."""
    (row,) = (row for row in rows if row["what"] == what)
    return row


def seconds(row: dict[str, Any]) -> float:
    return datetime.fromisoformat(row["at"]).timestamp() - QUEUED


def test_a_text_that_was_delivered_is_told_from_its_queueing_to_its_end(life: Life) -> None:
    part = part_of("order-1", [ONE], QUEUED)
    life.accept(part, QUEUED + 1)
    life.hear(part, QUEUED + 121, "PROCESSED", again=QUEUED + 151)
    life.hear(part, QUEUED + 151, "DELIVRD")
    next_question = iso(QUEUED + 151)
    assert why(life, "order-1") == [
        {
            "at": iso(QUEUED),
            "what": "queued",
            "answer": None,
            "state": "queued",
            "why": "1 number, 1 page each; from Shop",
        },
        {
            "at": iso(QUEUED + 1),
            "what": "claimed",
            "answer": None,
            "state": "sending",
            "why": "from the priority lane",
        },
        {
            "at": iso(QUEUED + 1.5),
            "what": "answered",
            "answer": "ids",
            "state": "sent",
            "why": "accepted, with message ids",
        },
        {
            "at": iso(QUEUED + 121),
            "what": "report asked",
            "answer": "PROCESSED",
            "state": "sent",
            "why": f"not final yet; asked again {next_question}, when enough reports should have become final",
        },
        {
            "at": iso(QUEUED + 151),
            "what": "report asked",
            "answer": "DELIVRD",
            "state": "delivered",
            "why": "nothing is left to ask",
        },
        {"at": iso(QUEUED + 151), "what": "end", "answer": "DELIVRD", "state": "delivered", "why": None},
    ]


def test_a_retry_says_when_and_why_then_and_what_counts(life: Life) -> None:
    part = part_of("order-1", [ONE], QUEUED)
    life.attempt(part, QUEUED + 1, BUSY, again(attempts=1), again=QUEUED + 4)
    life.attempt(part, QUEUED + 4, BUSY, again(attempts=1), again=QUEUED + 9)
    life.attempt(part, QUEUED + 9, "lost: HTTP 503", again(State.SENDING, attempts=2), again=QUEUED + 9.5)
    life.accept(part, QUEUED + 10)
    rows = [row for row in why(life, "order-1") if row["what"] == "answered"]
    assert [(row["answer"], row["state"]) for row in rows[:3]] == [
        (BUSY, "queued"),
        (BUSY, "queued"),
        ("lost: HTTP 503", "sending"),
    ]
    first, second, lost, _ = (row["why"] for row in rows)
    assert first.startswith("the gateway is down or busy; 1 attempt so far; tried again " + iso(QUEUED + 4))
    assert first.endswith(", after a random wait (backoff)")
    assert "counts as no attempt, as nearly all calls failed" in second
    assert lost.startswith(
        "the answer was lost: KoboMobile may or may not have executed the call (HTTP 503); only the ide"
    )
    assert lost.endswith("2 attempts so far; queued anew at once, as SQS takes away what it has handed out 1,000 times")


def test_held_for_credit_with_its_lane_closed_and_opened(life: Life) -> None:
    life.lane = Lane.BULK
    part = part_of("order-1", [ONE], QUEUED)
    life.attempt(part, QUEUED + 1, "error_credit", again(State.HELD, 0), again=QUEUED + 4)
    detail = "a call of 3 pages was refused"
    life.set_valve({Lane.BULK: ClosedForCredit(QUEUED + 2, detail, 3, confirmed=True)}, QUEUED + 2)
    life.set_valve({}, QUEUED + 900)
    life.accept(part, QUEUED + 901)
    rows = why(life, "order-1")
    assert whats(rows)[2:6] == ["answered", "bulk lane closed", "bulk lane opened", "claimed"]
    assert "held: waiting uses up no attempt" in rows[2]["why"]
    assert rows[3]["why"] == f"for lack of credit; {detail}; until {iso(QUEUED + 900)}"
    assert rows[4]["why"] == f"it had been closed since {iso(QUEUED + 2)}: for lack of credit"
    since = iso(QUEUED + 4)
    assert rows[5]["why"] == f"from the bulk lane; it had waited since {since}; the bulk lane was closed meanwhile"


def test_what_waits_for_a_closed_lane_says_for_what(life: Life) -> None:
    part = part_of("order-1", [ONE], QUEUED)
    life.attempt(part, QUEUED + 1, BUSY, again(attempts=0), again=QUEUED + 4)
    closed = ClosedForFault(GATEWAY, QUEUED + 3, "12 of 12 calls failed", probe_at=NOW + 60)
    life.set_valve({Lane.PRIORITY: closed}, QUEUED + 3)
    rows = why(life, "order-1")
    waits = f"until a probe works, the next one {iso(NOW + 60)}"
    assert the(rows, "priority lane closed")["why"] == (
        f"the gateway does not work; 12 of 12 calls failed; still closed, {waits}"
    )
    assert rows[-1] | {"at": ""} == {
        "at": "",
        "what": "tried next",
        "answer": None,
        "state": "queued",
        "why": f"the priority lane is closed, {waits}",
    }


@pytest.mark.parametrize(
    ("closed", "waits"),
    [
        (ClosedByOperator(QUEUED, "wrong text", "ada"), "until an operator opens it (kobo valve open)"),
        (ClosedForCredit(QUEUED), "until the balance has risen or a probe works"),
    ],
)
def test_a_closing_that_an_older_release_made_is_told_as_long_as_it_lasts(
    life: Life, closed: ClosedByOperator | ClosedForCredit, waits: str
) -> None:
    part = part_of("order-1", [ONE], QUEUED)
    life.attempt(part, QUEUED + 1, BUSY, again(), again=QUEUED + 4)
    life.set_valve({Lane.PRIORITY: closed}, QUEUED + 3, remembers=False)
    rows = why(life, "order-1")
    assert the(rows, "priority lane closed")["at"] == iso(QUEUED)
    assert waits in rows[-1]["why"]


def test_other_lanes_and_other_times_are_left_out(life: Life) -> None:
    gateway = ClosedForFault(GATEWAY, QUEUED - 500)
    life.set_valve({Lane.PRIORITY: gateway}, QUEUED - 500)
    life.set_valve({}, QUEUED - 400)
    part = part_of("order-1", [ONE], QUEUED)
    life.accept(part, QUEUED + 1)
    life.set_valve({Lane.PRIORITY: gateway, Lane.BULK: gateway}, QUEUED + 100)
    assert not any("lane closed" in what for what in whats(why(life, "order-1")))


def test_the_opening_of_a_lane_whose_closing_is_forgotten(life: Life) -> None:
    life.attempt(part_of("order-1", [ONE], QUEUED), QUEUED + 1, BUSY, again(), again=QUEUED + 4)
    life.set_valve({Lane.PRIORITY: ClosedForFault(GATEWAY, QUEUED + 2)}, QUEUED + 2, remembers=False)
    life.set_valve({}, QUEUED + 60)
    opened = the(why(life, "order-1"), "priority lane opened")
    assert opened["why"] == "when it was closed is not remembered any more"


def test_an_attempt_that_died_is_told_and_one_that_is_under_way(life: Life) -> None:
    part = part_of("order-1", [ONE], QUEUED)
    life.claim(part, QUEUED + 1)
    life.claim(part, QUEUED + 60, probe=True)
    life.attempt(part, QUEUED + 120, BUSY, again(State.SENDING, 3), again=QUEUED + 125)
    life.claim(part, NOW - 1, lasts=600)
    rows = why(life, "order-1")
    assert whats(rows) == [
        *("queued", "claimed", "no outcome", "claimed", "no outcome", "claimed", "answered"),
        *("claimed", "tried next"),
    ]
    assert rows[2]["why"].startswith("the process died, or was too late, before it could write what came of it")
    assert "check_credit let it through as a probe" in rows[3]["why"]
    assert rows[6]["why"].count("3 attempts so far") == 1
    assert (
        f"the attempt is under way, or its process has died; nobody else claims it before {iso(NOW + 599)}"
        in (rows[7]["why"])
    )
    assert rows[8]["at"] == iso(NOW + 599)


def test_a_claim_that_has_run_out_is_one_that_died(life: Life) -> None:
    life.claim(part_of("order-1", [ONE], QUEUED), QUEUED + 1)
    rows = why(life, "order-1")
    assert whats(rows) == ["queued", "claimed", "tried next"]
    assert "the process died" in rows[1]["why"]
    assert rows[2]["why"].startswith("due since")


def test_what_is_given_up_lies_in_the_dead_letter_queue(life: Life) -> None:
    part, reason = (
        part_of("order-1", [ONE], QUEUED),
        "given up after 2 attempts: error_gw (the gateway is down or busy)",
    )
    life.attempt(part, QUEUED + 1, BUSY, again(), again=QUEUED + 4)
    life.attempt(part, QUEUED + 4, BUSY, Decision(State.FAILED, Next.DEAD_LETTER, reason, 2))
    rows = why(life, "order-1")
    assert whats(rows)[-3:] == ["answered", "dead-lettered", "end"]
    assert {row["state"] for row in rows[-3:]} == {"failed"}
    assert rows[-3]["why"] == rows[-1]["why"] == reason


def test_what_ends_without_a_call_says_why(life: Life) -> None:
    part = part_of("order-1", [ONE], QUEUED)
    lapsed = Decision(State.LAPSED, Next.DONE, "expires_at passed before it was sent")
    life.attempt(part, QUEUED + 1, "none", lapsed)
    row = the(why(life, "order-1"), "not asked")
    assert (row["answer"], row["state"], row["why"]) == (None, "lapsed", lapsed.reason)


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
    life.edit(part, put_off=Decimal(3), due_at=Decimal(NOW + 900))
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


def test_attempts_that_are_not_remembered_are_counted(life: Life) -> None:
    part = part_of("order-1", [ONE], QUEUED)
    for at in range(60):
        life.attempt(part, QUEUED + at, BUSY, again(attempts=0), again=QUEUED + at + 1)
    rows = why(life, "order-1")
    (gap,) = (at for at, row in enumerate(rows) if "not shown" in row["what"])
    shown = sum(row["what"] == "answered" for row in rows)
    assert rows[gap]["what"] == f"{60 - shown} attempts not shown"
    assert rows[gap + 1]["what"] == "claimed"
    assert whats(rows[:gap]) == ["queued", *["claimed", "answered"] * 10]


def test_rounds_that_are_not_remembered_are_counted(life: Life) -> None:
    part = part_of("order-1", [ONE], QUEUED)
    life.accept(part, QUEUED + 1)
    for at in range(30):
        life.hear(part, QUEUED + 100 + at, "PROCESSED", again=QUEUED + 101 + at)
    assert "10 rounds of reports not shown" in whats(why(life, "order-1"))


def age(life: Life, part: Any) -> None:
    """Make a part's item one that the release before the history wrote."""
    item = life.item(part)
    history = [{name: event[name] for name in ("at", "answer", "state")} for event in item["history"]]
    leases = {lease.split(" ")[0] for lease in item.get("leases", ())}
    life.edit(part, "rounds", "leases", history=history, **({"leases": leases} if leases else {}))


def test_an_item_of_an_older_release_is_told_with_what_is_missing(life: Life) -> None:
    part = part_of("order-1", [ONE], QUEUED)
    life.attempt(part, QUEUED + 1, BUSY, again(), again=QUEUED + 4)
    life.accept(part, QUEUED + 4)
    life.hear(part, QUEUED + 121, "PROCESSED", again=NOW + 60)
    life.edit(part, asked_at=Decimal(QUEUED + 121), calls=Decimal(5))
    age(life, part)
    rows = why(life, "order-1")
    assert whats(rows) == [
        *("queued", "3 attempts not shown", "answered", "answered", "report asked", "report asked next"),
    ]
    assert rows[2]["why"].endswith("an earlier release wrote this, which kept neither the lane nor the next try")
    assert rows[4]["why"] == "an earlier release asked, and did not remember the answers"


def test_an_attempt_of_an_older_release_that_is_under_way(life: Life) -> None:
    part = part_of("order-1", [ONE], QUEUED)
    life.claim(part, NOW - 1, lasts=600)
    item = life.item(part)
    life.edit(part, "history", leases={lease.split(" ")[0] for lease in item["leases"]})
    assert the(why(life, "order-1"), "claimed")["at"] == iso(NOW - 1)


@pytest.mark.parametrize("id_", ["nothing", "~valve", "~stats"])
def test_an_unknown_request_is_an_error_that_says_where_it_may_be(life: Life, id_: str) -> None:
    life.set_valve({Lane.BULK: ClosedForFault(GATEWAY, QUEUED)}, QUEUED)
    life.deployed.send("bulk", 3)
    result = life.deployed.run("why", id_)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"kobo: no request {id_} is known" in result.stderr
    assert "bulk is closed (gateway) and holds about 3 messages" in result.stderr
    assert "priority is open" in result.stderr


@pytest.mark.parametrize("number", ["12345", "hello", TWO])
def test_a_number_that_the_request_does_not_have_is_an_error(life: Life, number: str) -> None:
    life.accept(part_of("order-1", [ONE], QUEUED), QUEUED + 1)
    result = life.deployed.run("why", "order-1", number)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("kobo: NUMBER: ")
    assert number not in result.stderr


def test_people_read_the_hour_of_nigeria_and_why_below(life: Life) -> None:
    part = part_of("order-1", [ONE], NOW - 5)
    life.attempt(part, NOW - 4, "error_[b]new[/b]", again(), again=NOW + 4)
    shown = life.deployed.run("why", "order-1").stdout
    assert "answered error_[b]new[/b] → queued" in shown
    assert "WAT  claimed → sending\n    from the priority lane\n" in shown
    assert "tried again to" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert [line for line in shown.splitlines() if line.endswith(" ")] == []


def test_a_retry_of_a_dead_letter_and_its_end_stand_among_the_attempts(life: Life) -> None:
    part, clients = part_of("order-1", [ONE], QUEUED), life.deployed.connection
    dead = Decision(State.FAILED, Next.DEAD_LETTER, f"given up after 12 attempts: {BUSY}", 12)
    life.attempt(part, QUEUED + 1, BUSY, dead)
    store = OperatorStore(clients.dynamodb, clients.variables["KOBO_TABLE"], keep_seconds=86_400)
    failed = store.find("order-1", "0")
    assert failed is not None
    assert store.reopen(failed, "letter-1", now=QUEUED + 100)
    life.accept(part, QUEUED + 101)

    rows = why(life, "order-1")

    told = whats(rows)
    assert told[told.index("dead-lettered") + 1] == "retried by an operator"
    retried = the(rows, "retried by an operator")
    assert (seconds(retried), retried["state"], retried["answer"]) == (100, "queued", None)
    assert retried["why"] is not None
    assert "attempts are counted anew" in retried["why"]
    answered = [row for row in rows if row["what"] == "answered"]
    assert [row["answer"] for row in answered] == [BUSY, "ids"]
