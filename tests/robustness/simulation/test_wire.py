"""The quick conversion of DynamoDB's values is boto3's."""

from __future__ import annotations

from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from tests.robustness.simulation import wire

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9)
    | st.text()
    | st.binary(min_size=1)
    | st.frozensets(st.text(min_size=1), min_size=1, max_size=1)
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(VALUES)
def test_there_and_back_as_boto3_does(value: Any) -> None:
    typed: Any = TypeSerializer().serialize(value)

    assert wire.serialize(value) == typed
    assert wire.deserialize(typed) == TypeDeserializer().deserialize(typed)


@pytest.mark.parametrize("value", [1.5, {1.5}, object()])
def test_refuses_what_boto3_refuses(value: object) -> None:
    with pytest.raises(TypeError):
        wire.serialize(value)
