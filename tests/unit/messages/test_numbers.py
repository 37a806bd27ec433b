from __future__ import annotations

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kobo_sms.messages.numbers import InvalidNumber, normalise

NIGERIAN = st.integers(0, 99_999).map(lambda tail: f"23480301{tail:05d}")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("+2348030100001", "2348030100001"),
        ("2348030100001", "2348030100001"),
        ("0803 010 0001", "2348030100001"),
        ("08030100001", "2348030100001"),
        ("8030100001", "2348030100001"),
        ("0803-010-0001", "2348030100001"),
        ("0803.010.0001", "2348030100001"),
        ("0803–010–0001", "2348030100001"),
        ("+234 (0)803 010 0001", "2348030100001"),
        ("(0803) 0100001", "2348030100001"),
        ("002348030100001", "2348030100001"),
        ("00234 803 010 0001", "2348030100001"),
        ("  +2348030100001\n", "2348030100001"),
        ("\u202a+2348030100001\u202c", "2348030100001"),
        ("0803\u00a0010\u00a00001", "2348030100001"),
        ("07010000001", "2347010000001"),
        ("08100000001", "2348100000001"),
        ("09010000001", "2349010000001"),
        ("09110000001", "2349110000001"),
        pytest.param("0920 000 0001", "2349200000001", id="a block that libphonenumber does not know yet"),
        pytest.param("2349200000001", "2349200000001", id="the same, international"),
        ("+447400123456", "447400123456"),
        ("447400123456", "447400123456"),
        ("00447400123456", "447400123456"),
        pytest.param("+12015550123", "12015550123", id="fixed line or mobile, nobody can tell"),
        pytest.param("+233990000000", "233990000000", id="a foreign block not known yet, with its plus"),
    ],
)
def test_forms_of_a_number(raw: str, expected: str) -> None:
    assert normalise(raw, "NG") == expected


def test_the_national_form_is_that_of_the_region() -> None:
    assert normalise("07400 123456", "GB") == "447400123456"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("", "not a phone number"),
        (" ", "not a phone number"),
        ("+", "not a phone number"),
        ("12", "not a phone number"),
        ("KoboSMS", "not a phone number"),
        ("0803KOBOSMS", "not a phone number"),
        ("0803 010 0001 x5", "not a phone number"),
        ("0803/010/0001", "not a phone number"),
        ("++2348030100001", "not a phone number"),
        ("+234+8030100001", "not a phone number"),
        ("1" * 21, "not a phone number"),
        ("2348030100001,2348030100002", "not a phone number"),
        pytest.param("٠٨٠٣٠١٠٠٠٠١", "not a phone number", id="Arabic digits"),
        pytest.param("０８０３０１００００１", "not a phone number", id="full-width digits"),
        ("\ud800", "not a phone number"),
        ("0234803010001", "length"),
        ("02348030100001", "length"),
        ("0803 010 000", "length"),
        ("0803 010 00011", "length"),
        ("+234803010000", "length"),
        ("2348030100", "length"),
        ("234803010000", "length"),
        ("+23480301000011", "length"),
        ("080", "length"),
        ("+44740012345", "length"),
        pytest.param("233990000000", "length", id="a foreign block not known yet, without its plus"),
        ("+999123456789", "no such country code"),
        ("+0803010001", "no such country code"),
        ("0201 270 0001", "a fixed line"),
        ("0700 225 5288", "a company-wide number"),
        ("0800 000 0001", "a toll-free number"),
        ("+1 800 555 0123", "a toll-free number"),
        ("+44 20 7946 0123", "a fixed line"),
        ("+1 900 555 0123", "a premium-rate number"),
    ],
)
def test_what_cannot_receive_an_sms(raw: str, why: str) -> None:
    with pytest.raises(InvalidNumber, match=why) as caught:
        normalise(raw, "NG")
    digits = "".join(filter(str.isdigit, raw))
    assert not digits or digits not in str(caught.value)


@given(st.text(alphabet=string.digits + "+ -().٣\u200e", max_size=20) | st.text(max_size=30))
@example("+8001234567890")
@example("+888123456789")
def test_whatever_comes_in_the_output_is_digits_that_read_as_themselves(raw: str) -> None:
    try:
        number = normalise(raw, "NG")
    except InvalidNumber:
        return
    assert number.isascii()
    assert number.isdigit()
    assert not number.startswith("00")
    assert normalise("+" + number, "NG") == number


@given(NIGERIAN, st.sampled_from(["+{0}", "{0}", "00{0}", "0{1}", "{1}"]), st.sampled_from(["NG", "GB", "US", "ZZ"]))
def test_every_form_leads_to_one_number(number: str, form: str, region: str) -> None:
    if "{1}" in form or not form.startswith(("+", "00")):
        region = "NG"
    raw = form.format(number, number.removeprefix("234"))
    assert normalise(raw, region) == number == normalise(number, "NG")
