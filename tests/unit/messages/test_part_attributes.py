"""The attributes by which a message says which part it carries: ours are read back, nobody else's do any harm."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.errors import InvalidRequest
from kobo_sms.messages.parts import NAMES, ORIGIN, PART, QUEUED_AT, Part, read_attributes, write_attributes
from kobo_sms.messages.request import Request

SENT_AT = 1_800_000_000.5
LARGE = Part(Request("large", tuple(f"23480301{at:05d}" for at in range(1500)), "Hello"), 1_700_000_000.25)


def refused(texts: dict[str, str | None]) -> list[str]:
    with pytest.raises(InvalidRequest) as caught:
        read_attributes(texts, SENT_AT)
    return [problem.field for problem in caught.value.problems]


def test_every_part_of_a_request_is_read_back() -> None:
    parts, halves = [LARGE, *LARGE.chunks()], LARGE.chunks()[2:]
    while halves := [half for part in halves if len(part.request.to) > 1 for half in part.halves()][:40]:
        parts += halves
    for part in parts:
        found = read_attributes(write_attributes(part), SENT_AT)
        assert (found.name, found.origin, found.queued_at) == (part.name, part.origin, part.queued_at)
    assert max(len(part.name) for part in parts) > 20


def test_without_attributes_it_is_the_whole_request_and_as_old_as_the_message() -> None:
    found = read_attributes({"Other": None}, SENT_AT)
    assert (found.name, found.origin, found.queued_at) == ("0", "0", SENT_AT)


@pytest.mark.parametrize(
    "name",
    ["", "1", "0.", "0..1", "00", "0.1 ", "0.1\n", "0.-1", "~0", "0.\u0661", "0." + "1" * 10, "0" + ".1" * 32, None],
)
def test_a_part_that_nobody_has_made_is_named(name: str | None) -> None:
    assert refused({PART: name}) == [PART]


@pytest.mark.parametrize("origin", ["", "1", "0.2", "0.1.0.0", "0.10", "0.1.", None])
def test_an_origin_that_the_part_cannot_be_of_is_named(origin: str | None) -> None:
    assert refused({PART: "0.1.0", ORIGIN: origin}) == [ORIGIN]


@pytest.mark.parametrize(
    "moment",
    [
        "yesterday",
        "nan",
        "inf",
        "-inf",
        "1e400",
        "1e9",
        "-1",
        "",
        " 1",
        "1 ",
        "1_0",
        "0x1",
        "\u0661",
        "9" * 13,
        "1.",
        None,
    ],
)
def test_a_moment_that_is_none_is_named(moment: str | None) -> None:
    assert refused({QUEUED_AT: moment}) == [QUEUED_AT]


@pytest.mark.parametrize("moment", ["1800000000.501", "999999999999.999"])
def test_a_message_that_is_to_come_from_the_future_is_as_old_as_it_is(moment: str) -> None:
    # Else it would never be 13 days old, and SQS would delete it without a word.
    assert read_attributes({QUEUED_AT: moment}, SENT_AT).queued_at == SENT_AT


def test_all_that_are_at_fault_are_named() -> None:
    assert refused({PART: "0.1", ORIGIN: "0.2", QUEUED_AT: "nan"}) == [ORIGIN, QUEUED_AT]


@given(
    st.dictionaries(st.sampled_from(NAMES), st.none() | st.text(max_size=80) | st.from_regex(r"0(\.[0-9]{1,3}){0,4}"))
)
def test_no_texts_make_the_reader_fail(texts: dict[str, str | None]) -> None:
    try:
        found = read_attributes(texts, SENT_AT)
    except InvalidRequest as error:
        named, reason = {problem.field for problem in error.problems}, str(error)
    else:
        named, reason = set(), ""
        assert 0 <= found.queued_at <= SENT_AT
        part = replace(LARGE, name=found.name, origin=found.origin, queued_at=found.queued_at)
        assert read_attributes(write_attributes(part), SENT_AT).name == found.name
    assert named <= set(texts)
    # Reasons are kept and shown, so they do not quote what may be anything.
    assert reason.isascii()
