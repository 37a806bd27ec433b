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
    if kind is str or isinstance(value, str):
        return {"S": str(value)}
    if kind is bool:
        return {"BOOL": value}
    if kind is int or (kind is Decimal and value.is_finite()):
        return {"N": str(_number(value))}
    if kind is dict:
        return {"M": {name: serialize(each) for name, each in value.items()}}
    if kind is list:
        return {"L": [serialize(each) for each in value]}
    found: dict[str, Any] = _slow_serialize(value)
    return found


def deserialize(wire: dict[str, Any]) -> Any:
    """Return the value that `wire` says."""
    ((kind, value),) = wire.items()
    if kind == "S":
        return value
    if kind == "N":
        return _number(value)
    if kind == "M":
        return {name: deserialize(each) for name, each in value.items()}
    if kind == "BOOL":
        return value
    if kind == "L":
        return [deserialize(each) for each in value]
    return _slow_deserialize(wire)
