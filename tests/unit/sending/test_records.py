from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from kobo_sms import table
from kobo_sms.aws.dynamodb import encode
from kobo_sms.messages.parts import Part
from kobo_sms.messages.request import BadNumber, Request
from kobo_sms.sending import records
from kobo_sms.sending.decisions import Outcome
from kobo_sms.table import DUE_SHARDS

ONE, TWO = "2348030100001", "2348030100002"
PART = Part(Request("order-1", (ONE, TWO), "PIN 4711", bad=(BadNumber("x", "why"), BadNumber("", "empty"))), 1.8e9)
SMILE = "\U0001f600"
BAD = {"x": {"state": "rejected", "reason": "why"}, "(empty)": {"state": "rejected", "reason": "empty"}}


def test_what_is_kept_of_a_part() -> None:
    request = replace(PART.request, reference="r", type=2, promotional=True, campaign="c")
    assert records.describe(replace(PART, request=request), sender="Kobo", store_text=True) == {
        "origin": "0",
        "from": "Kobo",
        "type": 2,
        "pages": 1,
        "created_at": Decimal("1800000000.0"),
        "message_uuid": PART.message_uuid,
        "recipients": {ONE: {}, TWO: {}} | BAD,
        "reference": "r",
        "campaign": "c",
        "campaign_shard": "c/3",
        "promotional": True,
        "text": "PIN 4711",
    }


def kept(*raws: str) -> list[str]:
    request = replace(PART.request, bad=tuple(BadNumber(raw, raw) for raw in raws))
    found = records.bad_recipients(replace(PART, request=request))
    assert [each["reason"] for each in found.values()] == list(raws)
    return list(found)


def test_what_was_written_instead_of_a_number_is_cut_where_it_is_long() -> None:
    assert kept("0800 123", 40 * "x", 41 * "x") == ["0800 123", 40 * "x", 37 * "x" + "…"]


def test_it_is_cut_between_characters() -> None:
    """A smiling face takes four bytes."""
    assert kept(10 * SMILE, 11 * SMILE, "x" + 10 * SMILE) == [10 * SMILE, 9 * SMILE + "…", "x" + 9 * SMILE + "…"]


def test_cuts_that_are_the_same_are_kept_apart() -> None:
    long, same = 64 * "x", 63 * "x" + "y"
    assert kept(long, same, long) == [37 * "x" + "…", 33 * "x" + "… (2)", 33 * "x" + "… (3)"]
    assert kept("", "(empty)", 37 * "x" + "…", long) == ["(empty)", "(empty) (2)", 37 * "x" + "…", 33 * "x" + "… (2)"]


@given(st.lists(st.text(st.sampled_from("x(2) …" + SMILE), max_size=64)))
def test_each_is_kept_under_a_name_of_its_own_that_is_short(raws: list[str]) -> None:
    names = kept(*raws)
    assert len(names) == len(raws)
    assert all(0 < len(name.encode()) <= records.MAX_RAW_BYTES for name in names)
    assert {raw for raw in raws if raw and len(raw.encode()) <= records.MAX_RAW_BYTES} <= set(names)


def test_a_text_is_kept_only_if_wanted_and_never_a_sensitive_one() -> None:
    sensitive = replace(PART, request=replace(PART.request, sensitive=True))
    for part, store_text in ((PART, False), (sensitive, True), (sensitive, False)):
        assert "4711" not in str(records.describe(part, sender="Kobo", store_text=store_text))


def test_recipients_after_an_answer() -> None:
    outcomes = {ONE: Outcome(msgid="a"), TWO: Outcome("unknown", "missing")}
    assert records.recipients_after(PART, outcomes, 5.0) == {
        ONE: {"msgid": "a"},
        TWO: {"state": "unknown", "reason": "missing", "at": Decimal("5.0")},
        **BAD,
    }


@given(st.floats(0, 1e11))
def test_moments_are_what_dynamodb_takes(seconds: float) -> None:
    moment = table.moment(seconds)
    assert abs(float(moment) - seconds) < 0.001
    encode({"at": moment})


@given(st.text(min_size=1, max_size=20))
def test_shards_are_those_that_are_polled(id_: str) -> None:
    assert records.due_shard(replace(PART, request=replace(PART.request, id=id_))) in DUE_SHARDS


def test_the_parts_of_a_request_spread_over_the_shards() -> None:
    shards = {records.due_shard(replace(PART, name=f"0.{at}")) for at in range(200)}
    assert shards == set(DUE_SHARDS)
