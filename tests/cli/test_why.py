"""`kobo why`: what happened to a request, from the items that the rooms' own stores have written."""

from __future__ import annotations

import re

import pytest

from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.states import State
from kobo_sms.sending.decisions import Decision, Next
from kobo_sms.sending.operator_store import OperatorStore
from kobo_sms.sending.part_items import PartItems
from kobo_sms.table import iso
from kobo_sms.valve.signals import GATEWAY
from kobo_sms.valve.state import ClosedForCredit, ClosedForFault
from tests.cli.conftest import Deployed
from tests.cli.stored_life import NOW, QUEUED, Life, again, numbers, part_of, the, whats, why

ONE, TWO, THREE = numbers(3)
BUSY = "error_gw"


@pytest.fixture
def life(deployed: Deployed) -> Life:
    return Life(deployed)


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


def test_other_lanes_and_other_times_are_left_out(life: Life) -> None:
    gateway = ClosedForFault(GATEWAY, QUEUED - 500)
    life.set_valve({Lane.PRIORITY: gateway}, QUEUED - 500)
    life.set_valve({}, QUEUED - 400)
    part = part_of("order-1", [ONE], QUEUED)
    life.accept(part, QUEUED + 1)
    life.set_valve({Lane.PRIORITY: gateway, Lane.BULK: gateway}, QUEUED + 100)
    assert not any("lane closed" in what for what in whats(why(life, "order-1")))


def test_an_attempt_that_died_is_told_and_one_that_is_under_way(life: Life) -> None:
    part = part_of("order-1", [ONE], QUEUED)
    life.claim(part, QUEUED + 1)
    life.claim(part, QUEUED + 60, probe=True)
    life.attempt(part, QUEUED + 120, BUSY, again(State.SENDING, 3), again=QUEUED + 125)
    life.claim(part, NOW - 1, lasts=6000)
    rows = why(life, "order-1")
    assert whats(rows) == [
        *("queued", "claimed", "no outcome", "claimed", "no outcome", "claimed", "answered"),
        *("claimed", "tried next"),
    ]
    assert rows[2]["why"].startswith("the process died, or was too late, before it could write what came of it")
    assert "check_credit let it through as a probe" in rows[3]["why"]
    assert rows[6]["why"].count("3 attempts so far") == 1
    assert (
        f"the attempt is under way, or its process has died; nobody else claims it before {iso(NOW + 5999)}"
        in (rows[7]["why"])
    )
    assert rows[8]["at"] == iso(NOW + 5999)


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
    # Not always "today": the day may end while the tests run.
    assert re.search(r"tried again (yesterday|today|tomorrow) \d\d:\d\d:\d\d", " ".join(shown.split()))
    assert max(map(len, shown.splitlines())) <= 80
    assert [line for line in shown.splitlines() if line.endswith(" ")] == []


def test_a_retry_of_a_dead_letter_and_its_end_stand_among_the_attempts(life: Life) -> None:
    part, clients = part_of("order-1", [ONE], QUEUED), life.deployed.connection
    dead = Decision(State.FAILED, Next.DEAD_LETTER, f"given up after 12 attempts: {BUSY}", 12)
    life.attempt(part, QUEUED + 1, BUSY, dead)
    store = OperatorStore(clients.dynamodb, clients.variables["KOBO_TABLE"], PartItems(keep_seconds=86_400))
    failed = store.find("order-1", "0")
    assert failed is not None
    assert store.reopen(failed, "letter-1", now=QUEUED + 100)
    life.accept(part, QUEUED + 101)

    rows = why(life, "order-1")

    told = whats(rows)
    assert told[told.index("dead-lettered") + 1] == "retried by an operator"
    retried = the(rows, "retried by an operator")
    assert (retried["at"], retried["state"], retried["answer"]) == (iso(QUEUED + 100), "queued", None)
    assert retried["why"] is not None
    assert "attempts are counted anew" in retried["why"]
    answered = [row for row in rows if row["what"] == "answered"]
    assert [row["answer"] for row in answered] == [BUSY, "ids"]
