"""What a dead letter says, whoever wrote it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_cli.dead.letters import NO_REASON, Letter, read_content
from kobo_cli.dead.overview import row_of
from kobo_cli.dead.selection import Selection
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.request import conceal
from kobo_sms.table import iso
from tests.cli.dead.letters import DAY, GIVEN_UP, NOW, ONE, REQUEST, letter

JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda each: st.lists(each), max_leaves=5)
FIELDS = st.dictionaries(st.sampled_from(["id", "to", "msg", "from", "sensitive", "oops"]) | st.text(), JSON)
NAMES = ["RequestId", "Reason", "Attempts", "Lane", "KoboPart", "KoboOrigin", "KoboQueuedAt", "LastAnswer"]
NOTES = st.dictionaries(st.sampled_from(NAMES), st.text())
BODIES = st.one_of(st.text(), FIELDS.map(json.dumps), JSON.map(json.dumps))


def test_a_row_has_the_shape_of_the_contract() -> None:
    assert row_of(letter()) == {
        "id": "order-1",
        "part": "0",
        "reason": GIVEN_UP["Reason"],
        "at": iso(NOW - DAY),
        "lane": "bulk",
        "attempts": 3,
    }


def test_what_is_no_request_has_the_letters_own_id() -> None:
    row = row_of(Letter("m-1", "h", "{not JSON", {}, NOW))
    assert row == {"id": "m-1", "part": None, "reason": NO_REASON, "at": iso(NOW), "lane": None, "attempts": None}


@pytest.mark.parametrize(
    ("body", "note", "id_"),
    [
        ({"id": "a"}, "b", "a"),
        ({}, "b", "b"),
        ({"id": "no spaces"}, "b", "b"),
        ({"id": 7}, None, "letter-1"),
        ({"id": "\x1b[2J"}, "\x1b[2J", "letter-1"),
    ],
)
def test_the_id_of_the_body_comes_first(body: dict[str, Any], note: str | None, id_: str) -> None:
    assert letter(body, RequestId=note).request_id == id_


@pytest.mark.parametrize(
    ("note", "source", "lane"),
    [("bulk", None, "bulk"), ("bulk", Lane.PRIORITY, "bulk"), (None, Lane.PRIORITY, "priority"), ("fast", None, None)],
)
def test_the_lane_is_what_is_noted_or_where_sqs_took_it_from(note: str | None, source: Lane, lane: str | None) -> None:
    known = {} if note is None else {"Lane": note}
    assert Letter("m", "h", "{}", known, NOW, source=source).lane == lane


def test_a_request_without_an_id_is_the_one_that_it_was() -> None:
    part = read_content(letter({"to": ONE, "msg": "Hello"}, RequestId="the-message-id"), "NG").part
    assert part is not None
    assert (part.request.id, part.name, part.request.to) == ("the-message-id", "0", (ONE,))


def test_a_part_of_a_larger_request_keeps_its_name_and_origin() -> None:
    part = read_content(letter(KoboPart="0.1.0", KoboOrigin="0.1"), "NG").part
    assert part is not None
    assert (part.name, part.origin) == ("0.1.0", "0.1")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("{not JSON", "it is no request that can be sent; at fault: body"),
        ("[1]", "it is no request that can be sent; at fault: body"),
        ({**REQUEST, "Your PIN is 4711": 1}, "it is no request that can be sent; at fault: another field"),
        ({"to": 5}, "it is no request that can be sent; at fault: to, msg"),
        (
            conceal(json.dumps({**REQUEST, "sensitive": True})),
            "it is sensitive, so its text was not kept; queue it anew",
        ),
    ],
)
def test_what_cannot_be_sent_says_why_and_quotes_nothing(body: Any, problem: str) -> None:
    content = read_content(letter(body), "NG")
    assert (content.part, content.problem) == (None, problem)


@pytest.mark.parametrize("name", ["", "1", "0.", "0.x", "0.1\n", "zero", "0." + "1" * 10])
def test_a_part_that_has_no_parts_name_is_none(name: str) -> None:
    content = read_content(letter(KoboPart=name), "NG")
    assert content.problem == "it is no request that can be sent; at fault: KoboPart"
    assert letter(KoboPart=name).part is None


@given(BODIES, NOTES)
def test_nothing_in_a_letter_breaks_its_reading(body: str, notes: dict[str, str]) -> None:
    found = Letter("m-1", "h", body, notes, NOW)
    content = read_content(found, "NG")
    assert (content.part is None) == bool(content.problem)
    row = row_of(found)
    json.dumps(row)
    assert row["id"]
    assert row["id"].isprintable()
    assert Selection().takes(found)
    assert Selection([found.message_id]).takes(found)


def test_words_of_a_reason_are_found_in_any_order() -> None:
    assert Selection(words="BILLING given").takes(letter())
    assert not Selection(words="billing gateway").takes(letter())


def test_ids_are_those_of_requests_or_of_letters() -> None:
    assert Selection(["order-1"]).takes(letter())
    assert Selection(["letter-1"]).takes(letter())
    assert not Selection(["order-2"]).takes(letter())
    assert Selection(["a", "b", "a", "c"]).missing(["b", "x"]) == ["a", "c"]
