"""DynamoDB's typed values, converted as boto3 does but in a fifth of the time: else half of a run goes into it.

`test_wire` compares the two.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import DYNAMODB_CONTEXT, TypeDeserializer, TypeSerializer

_slow_serialize: Callable[[Any], Any] = TypeSerializer().serialize
_slow_deserialize: Callable[[Any], Any] = TypeDeserializer().deserialize
_number = DYNAMODB_CONTEXT.create_decimal


def serialize(value: Any) -> dict[str, Any]:
    """Return `value` in wire form."""
    kind = type(value)
    if kind is str:
        return {"S": value}
    if kind is Decimal and value.is_finite():
        return {"N": str(_number(value))}
    if kind is list:
        return {"L": [serialize(each) for each in value]}
    if kind is dict:
        return {"M": {name: serialize(each) for name, each in value.items()}}
    if kind is int:
        return {"N": str(_number(value))}
    if kind is bool:
        return {"BOOL": value}
    found: dict[str, Any] = {"S": str(value)} if isinstance(value, str) else _slow_serialize(value)
    return found


def deserialize(wire: dict[str, Any]) -> Any:
    """Return the value that `wire` says."""
    # Nearly all are numbers or texts.
    if "N" in wire:
        return _number(wire["N"])
    if "S" in wire:
        return wire["S"]
    if "L" in wire:
        return [deserialize(each) for each in wire["L"]]
    if "M" in wire:
        return {name: deserialize(each) for name, each in wire["M"].items()}
    return _slow_deserialize(wire)
