"""Phone numbers as Excel leaves them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_cli.bulk.numbers import LOST_ZERO, read_number
from kobo_sms.messages.numbers import InvalidNumber, normalise

NUMBER = "2348030100001"


@pytest.mark.parametrize(
    ("cell", "mended"),
    [
        ("+2348030100001", None),
        ("0803 010 0001", None),
        ("(0803) 010-0001", None),
        ("2348030100001", None),
        ("002348030100001", None),
        ("8030100001", LOST_ZERO),
        ("8030100001.0", LOST_ZERO),
        ("2348030100001.0", ".0 at the end"),
        ("08030100001.00", ".0 at the end"),
        ("+2348030100001,0", ".0 at the end"),
        ('="08030100001"', "written as a formula"),
        ("=+2348030100001", "written as a formula"),
        ("= 0803 010 0001", "written as a formula"),
        ("'08030100001", "apostrophe before it"),
        ("tel:+2348030100001", "tel: or p: before it"),
        ("p:+2348030100001", "tel: or p: before it"),
        ("2,348,030,100,001", "commas between thousands"),
    ],
)
def test_what_is_mended(cell: str, mended: str | None) -> None:
    assert read_number(cell, "NG") == (NUMBER, mended)


@pytest.mark.parametrize("cell", ["2.34803E+12", "2,34803E+12", "8.03e+09", "2E12", "+2.34803E+12"])
def test_a_number_in_short_form_is_lost(cell: str) -> None:
    with pytest.raises(InvalidNumber, match=f"to {re.escape(cell)}, its last digits are lost"):
        read_number(cell, "NG")


@pytest.mark.parametrize(
    "cell", ["0803 010 0001 / 0805 123 4567", "08030100001,08051234567", "08030100001\n08051234567"]
)
def test_several_numbers_in_a_cell(cell: str) -> None:
    with pytest.raises(InvalidNumber, match="several numbers in one cell"):
        read_number(cell, "NG")


@pytest.mark.parametrize("cell", ["", "nobody", "O8030100001", "=SUM(A1:A9)", "@A1", "0803010000", "12.0", "1,000"])
def test_what_is_no_number(cell: str) -> None:
    with pytest.raises(InvalidNumber) as caught:
        read_number(cell, "NG")
    assert not cell or cell not in str(caught.value)


@given(st.text("0123456789+ -().,'=\"Eetl:p", max_size=20))
def test_nothing_is_mended_that_is_a_number_as_it_stands(cell: str) -> None:
    try:
        number = normalise(cell, "NG")
    except InvalidNumber:
        return
    assert read_number(cell, "NG")[0] == number
