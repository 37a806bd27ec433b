"""Values are written and read as boto3 does, and what it refuses is refused."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal, DecimalException
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import pytest
from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.aws.dynamodb import deserialize, serialize

NUMBERS = st.integers(-(10**37), 10**37) | st.decimals(allow_nan=False, allow_infinity=False, places=6).filter(
    lambda number: len(number.as_tuple().digits) <= 38
)
BYTES = st.binary(min_size=1)
SETS = st.sets(NUMBERS, min_size=1) | st.sets(st.text(), min_size=1) | st.sets(BYTES, min_size=1)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text() | BYTES | SETS,
    lambda values: st.lists(values) | st.lists(values).map(tuple) | st.dictionaries(st.text(), values),
)


class State(StrEnum):
    SENT = "sent"


def without_wrappers(value: Any) -> Any:
    """Return what boto3 read with bytes in place of its class for them."""
    if isinstance(value, Binary):
        return value.__bytes__()
    if isinstance(value, dict):
        return {name: without_wrappers(each) for name, each in value.items()}
    if isinstance(value, (list, set)):
        return type(value)(map(without_wrappers, value))
    return value


@given(VALUES)
def test_values_are_written_and_read_as_by_boto3(value: Any) -> None:
    typed = serialize(value)
    assert typed == TypeSerializer().serialize(value)
    assert deserialize(typed) == without_wrappers(TypeDeserializer().deserialize(typed))


@pytest.mark.parametrize(
    "value",
    [
        State.SENT,
        MappingProxyType({"a": 1}),
        Counter(a=1),
        {"a": 1}.keys(),
        frozenset({1, Decimal("1.5")}),
        set(),
        bytearray(b"a"),
    ],
)
def test_what_behaves_as_one_of_the_usual_types(value: Any) -> None:
    assert serialize(value) == TypeSerializer().serialize(value)


@pytest.mark.parametrize(
    "value", [1.5, [1.5], {1.5}, {"a", 1}, object(), Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity")]
)
def test_what_has_no_type_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        serialize(value)


@pytest.mark.parametrize("value", [10**38 + 1, Decimal("0." + "1" * 39), Decimal("1E+127"), {10**38 + 1}])
def test_a_number_that_would_be_rounded_is_refused(value: Any) -> None:
    with pytest.raises(DecimalException):
        serialize(value)


@pytest.mark.parametrize("typed", [{}, {"X": "a"}, {"L": [{"X": "a"}]}])
def test_what_is_of_no_type_is_not_read(typed: Any) -> None:
    with pytest.raises(TypeError):
        deserialize(typed)
