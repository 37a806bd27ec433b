from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kobo_sms.errors import InvalidRequest
from kobo_sms.messages.compact_json import MAX_MESSAGE, UNSENDABLE, size
from kobo_sms.messages.fields import FIELDS
from kobo_sms.messages.parts import Part
from kobo_sms.messages.request import MAX_BODY, BadNumber, Request, conceal, parse, require_room

LAGOS = timezone(timedelta(hours=1))
# What SQS takes in a message's body.
SENDABLE = "\t\n\r", (0x20, 0xD7FF), (0xE000, 0xFFFD), (0x10000, 0x10FFFF)
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)
REQUESTS = st.builds(
    Request,
    id=st.from_regex(r"[A-Za-z0-9._:\-]{1,128}", fullmatch=True),
    to=st.lists(st.integers(0, 99_999).map(lambda n: f"23480301{n:05d}"), min_size=1, max_size=20, unique=True).map(
        lambda to: tuple(sorted(to))
    ),
    msg=TEXT,
    sender=st.none() | st.from_regex(r"[0-9]{1,16}|[!-~][ -~]{0,10}", fullmatch=True),
    type=st.none() | st.just(2),
    expires_at=st.none() | st.datetimes(timezones=st.sampled_from([UTC, LAGOS])),
    sensitive=st.booleans(),
    reference=st.none() | st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=256),
    promotional=st.booleans(),
    campaign=st.none() | st.from_regex(r"[A-Za-z0-9._\-]{1,100}", fullmatch=True),
)


def read(**fields: Any) -> Request:
    return parse(json.dumps({"to": "+2348030100001", "msg": "Hello"} | fields), region="NG", default_id="default")


def test_the_least_that_a_request_says() -> None:
    assert read() == Request(id="default", to=("2348030100001",), msg="Hello")


def test_everything_that_a_request_can_say() -> None:
    request = read(
        to=["0803 010 0002", "+2348030100001"],
        id="order-1.a_b:c",
        type=1,
        expires_at="2026-11-22T18:30:00+01:00",
        sensitive=True,
        reference="Größe ₦",
        promotional=True,
        campaign="easter-2027",
        **{"from": "Kobo"},
    )
    assert request == Request(
        id="order-1.a_b:c",
        to=("2348030100001", "2348030100002"),
        msg="Hello",
        sender="Kobo",
        type=1,
        expires_at=datetime(2026, 11, 22, 17, 30, tzinfo=UTC),
        sensitive=True,
        reference="Größe ₦",
        promotional=True,
        campaign="easter-2027",
    )


def test_duplicates_collapse_and_the_order_does_not_matter() -> None:
    request = read(to=["08030100002", "+2348030100001", "2348030100002", "8030100001"])
    assert request.to == ("2348030100001", "2348030100002")
    assert request == read(to=["+2348030100001", "08030100002"])


def test_a_bad_number_is_set_apart_once() -> None:
    request = read(to=["0201 270 0001", "+2348030100001", "", "0201 270 0001"])
    assert request.to == ("2348030100001",)
    assert request.bad == (
        BadNumber("0201 270 0001", "a fixed line cannot receive an SMS"),
        BadNumber("", "not a phone number: write digits, with or without a leading +"),
    )


def test_what_is_kept_of_a_bad_number_is_short_and_can_be_stored() -> None:
    (bad,) = read(to=["\ud800" + "x" * 1000]).bad
    assert bad.raw == "?" + "x" * 63


def test_the_fingerprint_of_requests_that_exist_stays_what_it_was() -> None:
    """Else one that is queued again would be refused, as if its id had been used for other content."""
    bad = ["", "x" * 1000, "x" * 63 + "y" * 9, "\U0001f600" * 70, "\ud800", "0800 123"]
    request = read(to=["+2348030100001", *bad], **{"from": "Shop"})
    assert Part(request, 0.0).fingerprint("key") == "481f7c3548721cfeb66b0a6976204ee8"
    assert Part(replace(request, promotional=True, campaign="c"), 0.0).fingerprint("key") == (
        "481f7c3548721cfeb66b0a6976204ee8"
    )


# One number in the forms of three producers, two that are none, and one that only another country has.
WRITTEN = ["+234 803 010 0001", "0803-010-0001", "00234 8030100001", "0201 270 0001", "x", "07911 123456", "x"]


def test_what_the_numbers_were_written_as_is_kept_but_for_their_punctuation() -> None:
    assert read(to=WRITTEN).written == ("+2348030100001", "02012700001", "07911123456", "08030100001", "x")
    assert read(to="0803 010 0001").written == ("08030100001",)


def test_the_raw_fingerprint_of_requests_that_exist_stays_what_it_is() -> None:
    """Else one that is queued again after an update of libphonenumber would be refused."""
    assert Part(read(to=[*WRITTEN, "\ud800"]), 0.0).raw_fingerprint("key") == "b8387ea91c8b1daaba97f90be597363a"


@pytest.mark.parametrize("region", ["GB", "US", "KE"])
def test_the_raw_fingerprint_does_not_depend_on_the_region(region: str) -> None:
    body = json.dumps({"to": WRITTEN, "msg": "Hello", "id": "order-1"})
    here, there = (parse(body, region=each, default_id="") for each in ("NG", region))
    assert here.to != there.to
    assert Part(here, 0.0).raw_fingerprint("key") == Part(there, 0.0).raw_fingerprint("key")


@pytest.mark.parametrize(
    ("msg", "type_", "wire_type", "pages"),
    [("Hello", None, 0, 1), ("₦5", None, 2, 1), ("Hello", 2, 2, 1), ("a" * 161, None, 0, 2), ("a" * 71, 2, 2, 2)],
)
def test_type_and_pages(msg: str, type_: int | None, wire_type: int, pages: int) -> None:
    request = Request("a", ("2348030100001",), msg, type=type_)
    assert (request.wire_type, request.pages) == (wire_type, pages)


@given(REQUESTS)
@example(Request("a", ("2348030100001",), "\uffff\x01\U0001f600", reference="\ufffe\x7f"))
def test_what_is_queued_reads_back_the_same(request_: Request) -> None:
    body = request_.to_json()
    assert parse(body, region="GB", default_id="other") == request_
    singles, *ranges = SENDABLE
    assert all(char in singles or any(low <= ord(char) <= high for low, high in ranges) for char in body)


@given(
    st.text(max_size=200) | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(json.dumps)
)
def test_garbage_is_refused_and_nothing_else_happens(body: str) -> None:
    with pytest.raises(InvalidRequest):
        parse(body, region="NG", default_id="default")


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3),
)
FIELD = st.sampled_from([*FIELDS, "other"])


@given(st.dictionaries(FIELD, ANY_JSON))
def test_any_fields_are_read_or_refused_by_name(fields: dict[str, Any]) -> None:
    try:
        request = parse(json.dumps(fields), region="NG", default_id="default")
    except InvalidRequest as error:
        named = {problem.field.partition("[")[0] for problem in error.problems}
    else:
        named = set()
        assert request.id == fields.get("id", "default")
    assert named <= {*fields, "to", "msg"}


def test_with_numbers_keeps_the_rest() -> None:
    request = read(to=["+2348030100001", "x"], id="a", reference="r").with_numbers(("2348030100009",))
    assert request == read(to="+2348030100009", id="a", reference="r")


def test_conceal_leaves_no_text_of_a_sensitive_request() -> None:
    body = json.dumps({"to": "+2348030100001", "msg": "PIN 4711", "sensitive": True, "text": "PIN 4711", "id": "a"})
    kept = json.loads(conceal(body))
    assert "4711" not in json.dumps(kept)
    assert (kept["id"], kept["to"], list(kept)) == ("a", "+2348030100001", ["to", "msg", "sensitive", "text", "id"])


@pytest.mark.parametrize("sensitive", [1, "yes", "false", [0]])
def test_conceal_takes_a_doubtful_sensitive_for_a_yes(sensitive: object) -> None:
    assert "4711" not in conceal(json.dumps({"msg": "4711", "sensitive": sensitive}))


@pytest.mark.parametrize(
    "body", ['{"msg": "4711"}', '{"msg": "4711", "sensitive": false}', "4711", '["4711"]', "{", "[" * 100_000]
)
def test_conceal_leaves_the_rest_as_it_was(body: str) -> None:
    assert conceal(body) == body


def test_what_conceal_returns_sqs_takes() -> None:
    text = conceal(r'{"sensitive": true, "reference": "\u0000\ud800\uffff\u20a6"}')
    assert not UNSENDABLE.search(text)


def to_largest(body: str) -> str:
    """Return `body` with as many numbers as a message of SQS takes."""
    more = '"+2348030100001",' * ((MAX_MESSAGE - size(body) - 20) // 17)
    return body.replace('"to": [', f'"to": [{more}')


def test_what_conceal_returns_fits_into_a_message() -> None:
    # The text was shorter than what stands in its place.
    body = to_largest('{"id": "a", "sensitive": true, "msg": "4711", "to": ["+2348030100001"]}')
    kept = conceal(body + " " * (MAX_MESSAGE - size(body)))
    assert size(kept) <= MAX_MESSAGE
    assert "4711" not in kept
    assert json.loads(kept)["id"] == "a"


@pytest.mark.parametrize(
    "filling",
    [
        ",".join(f'"{at}": 1' for at in range(100_000)),
        f'"to": [{",".join(["1e9"] * 250_000)}]',
        f'"reference": {"[" * 900}{"]" * 900}',
    ],
    ids=["unknown fields", "numbers that grow", "nested"],
)
def test_what_conceal_cannot_shorten_it_leaves_out(filling: str) -> None:
    kept = conceal('{"id": "a", "sensitive": true, "msg": "4711", ' + filling + "}")
    assert size(kept) <= MAX_MESSAGE
    assert "4711" not in kept
    assert json.loads(kept)["id"] == "a"


def test_a_body_leaves_room_for_what_is_noted_beside_it() -> None:
    require_room("₦" * (MAX_BODY // 3))
    with pytest.raises(InvalidRequest, match="body: has 1,044,481 bytes, at most 1,044,480 can be"):
        require_room("₦" * (MAX_BODY // 3) + "x")
