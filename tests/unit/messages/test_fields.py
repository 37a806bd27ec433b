"""Every field of a request: missing, of a wrong type, at its limits; the problems name it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kobo_sms.errors import InvalidRequest
from kobo_sms.messages.request import parse

if TYPE_CHECKING:
    from tests.unit.conftest import Problems

NOT_TEXT: list[object] = [None, 1, 1.5, True, [], {}]
TYPES: list[object] = [None, "0", 3, -1, 0.0, 1.0, True, False, [], {}, 10**400]
FLAGS: list[object] = [None, 0, 1, "true", []]
REFERENCES: list[object] = [*NOT_TEXT, "a" * 257, "\ud800"]


def reason(body: str) -> str:
    with pytest.raises(InvalidRequest) as caught:
        parse(body, region="NG", default_id="default")
    return str(caught.value)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("{}", "to msg"),
        ('{"msg": "Hello"}', "to"),
        ('{"to": "+2348030100001"}', "msg"),
        ("", "body"),
        ("null", "body"),
        ('"text"', "body"),
        ("[]", "body"),
        ("5", "body"),
        ('{"to": "+234"', "body"),
        ("{'to': 1}", "body"),
        ("\ufeff{}", "body"),
        ("[" * 100_000, "body"),
        ('{"to":' * 100_000, "body"),
        ('{"to": ' + "1" * 5000 + "}", "body"),
    ],
)
def test_what_is_missing(problems: Problems, body: str, field: str) -> None:
    assert problems(body) == field.split()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("to", "+2348030100001"),
        ("to", ["+2348030100001"]),
        ("msg", "a"),
        ("msg", "a" * 905),
        ("msg", "\U0001f600" * 905),
        ("msg", " "),
        ("from", "a"),
        ("from", "Kobo SMS!"),
        ("from", "a" * 11),
        ("from", "1" * 16),
        ("type", 0),
        ("type", 1),
        ("type", 2),
        ("id", "a"),
        ("id", "A-Z.0_9:" * 16),
        ("expires_at", "2026-11-22T18:30:00+01:00"),
        ("expires_at", "2026-11-22T18:30:00Z"),
        ("expires_at", "20261122T183000Z"),
        ("sensitive", False),
        ("reference", ""),
        ("reference", "₦" * 256),
        ("promotional", True),
        ("campaign", "Easter_2027.promo-" + "1" * 82),
    ],
)
def test_what_is_right(problems: Problems, name: str, value: object) -> None:
    assert problems({name: value}) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("to", value) for value in NOT_TEXT),
        *(("msg", value) for value in [*NOT_TEXT, "", "a" * 906, "\ud800", "a\udfffb", "\udc00\ud800"]),
        *(("from", value) for value in [*NOT_TEXT, "", " ", "a" * 12, "1" * 17, "1" * 15 + "a", "Köbo", "a\n", "1\n"]),
        *(("type", value) for value in TYPES),
        *(("id", value) for value in [*NOT_TEXT, "", "a" * 129, "a b", "a/b", "ä", "a\n", "~credit"]),
        *(
            ("expires_at", value)
            for value in [*NOT_TEXT, "", "tomorrow", "2026-11-22T18:30:00", "2026-11-22", "12:00Z"]
        ),
        *(("sensitive", value) for value in FLAGS),
        *(("reference", value) for value in REFERENCES),
        *(("promotional", value) for value in FLAGS),
        *(("campaign", value) for value in [*NOT_TEXT, "", "a" * 101, "a:b", "a b", "ä", "a\n"]),
    ],
)
def test_what_is_wrong_is_named(problems: Problems, name: str, value: Any) -> None:
    assert problems({name: value}) == [name]


def test_each_wrong_number_of_a_list_is_named(problems: Problems) -> None:
    assert problems({"to": ["+2348030100001", 2348030100002, None, True, ["x"]]}) == [
        "to[1]",
        "to[2]",
        "to[3]",
        "to[4]",
    ]


def test_unknown_fields_are_named(problems: Problems) -> None:
    assert problems({"sender": "Kobo", "To": "+2348030100001"}) == ["sender", "To"]


def test_several_problems_are_told_at_once(problems: Problems) -> None:
    wrong = {"to": 5, "msg": "", "from": "", "type": 9, "id": "", "expires_at": "", "sensitive": 1, "reference": 1}
    wrong |= {"promotional": 1, "campaign": 1}
    assert problems({"x": 1} | wrong) == ["x", *wrong]


@pytest.mark.parametrize("type_", [0, 1])
def test_a_type_that_cannot_carry_the_text_names_the_characters(type_: int) -> None:
    said = reason(json.dumps({"to": "x", "msg": "₦5 for `x`", "type": type_}))
    assert "'₦' (U+20A6) '`' (U+0060)" in said
    assert "leave type out or set 2" in said


def test_a_sensitive_text_is_not_quoted() -> None:
    said = reason(json.dumps({"to": "x", "msg": "密码四七", "type": 0, "sensitive": True}))
    assert said.startswith("type: 0 cannot carry 4 of the text's characters")


def test_a_long_text_is_quoted_in_part() -> None:
    said = reason(json.dumps({"to": "x", "msg": "".join(map(chr, range(0x4E00, 0x4E00 + 900))), "type": 0}))
    assert said.count("U+") == 20


def test_the_advice_tells_what_would_be_right() -> None:
    assert reason('{"to": "x"}') == "msg: required: the text"
    assert "has 906" in reason(json.dumps({"to": "x", "msg": "a" * 906}))
    known = "to, msg, from, type, id, expires_at, sensitive, reference, promotional, campaign"
    assert f"known are {known}" in reason('{"nope": 1}')


def test_more_bad_numbers_than_a_status_can_hold_are_a_fault_of_the_request() -> None:
    bad = [f"0800{at:04d}" for at in range(1000)]
    assert reason(json.dumps({"to": ["+2348030100001", *bad, "x"], "msg": "Hello"})).startswith(
        "to: 1001 of the numbers"
    )
    assert len(parse(json.dumps({"to": bad, "msg": "Hello"}), region="NG", default_id="x").bad) == 1000
