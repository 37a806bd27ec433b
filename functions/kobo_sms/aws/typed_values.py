"""DynamoDB's typed values: `{"S": "text"}` for "text", and back.

The rules are those of boto3's `dynamodb.types`, which cannot be imported without all of boto3. A test holds the two
against each other.

Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow
from typing import Any

# What DynamoDB keeps of a number: more digits, or a greater one, must not be rounded unsaid.
_NUMBERS = Context(Emin=-128, Emax=126, prec=38, traps=[Clamped, Overflow, Inexact, Rounded, Underflow])
_SETS: tuple[tuple[str, type | tuple[type, ...]], ...] = (
    ("NS", (int, Decimal)),
    ("SS", str),
    ("BS", (bytes, bytearray)),
)


def serialize(value: Any) -> dict[str, Any]:
    """Return `value` with its type.

    Raises
    ------
    TypeError
        when DynamoDB has no type for it: there is none for floats.
    decimal.DecimalException
        when a number has more than 38 digits or is too great or too small.
    """
    write = _WRITERS.get(type(value)) or _writer_of(value)
    return write(value)


def deserialize(typed: Mapping[str, Any]) -> Any:
    """Return the value in `typed`; numbers are Decimal. Raises TypeError when it is of no type of DynamoDB's."""
    for kind, content in typed.items():
        read = _READERS.get(kind)
        if read is not None:
            return read(content)
    raise TypeError("not a value with a type of DynamoDB's")


def _number(value: int | Decimal) -> str:
    number = _NUMBERS.create_decimal(value)
    if not number.is_finite():
        raise TypeError("DynamoDB has neither infinity nor NaN")
    return str(number)


def _set(value: AbstractSet[Any]) -> dict[str, Any]:
    for kind, types in _SETS:
        if all(isinstance(each, types) for each in value):
            return {kind: [_number(each) if kind == "NS" else each for each in value]}
    raise TypeError("a set must be of numbers, of texts or of bytes alone")


_WRITERS: dict[type, Callable[[Any], dict[str, Any]]] = {
    type(None): lambda _: {"NULL": True},
    bool: lambda value: {"BOOL": value},
    int: lambda value: {"N": _number(value)},
    Decimal: lambda value: {"N": _number(value)},
    str: lambda value: {"S": value},
    bytes: lambda value: {"B": value},
    bytearray: lambda value: {"B": value},
    list: lambda value: {"L": [serialize(each) for each in value]},
    tuple: lambda value: {"L": [serialize(each) for each in value]},
    dict: lambda value: {"M": {name: serialize(each) for name, each in value.items()}},
    set: _set,
    frozenset: _set,
    # What else behaves as these do.
    Mapping: lambda value: {"M": {name: serialize(each) for name, each in value.items()}},
    AbstractSet: _set,
}
_READERS: dict[str, Callable[[Any], Any]] = {
    "NULL": lambda _: None,
    "BOOL": lambda content: content,
    "N": _NUMBERS.create_decimal,
    "S": lambda content: content,
    "B": lambda content: content,
    "NS": lambda content: {_NUMBERS.create_decimal(each) for each in content},
    "SS": set,
    "BS": set,
    "L": lambda content: [deserialize(each) for each in content],
    "M": lambda content: {name: deserialize(each) for name, each in content.items()},
}


def _writer_of(value: Any) -> Callable[[Any], dict[str, Any]]:
    """Return the writer of the first type that `value` is an instance of, as an enumeration's member is of str."""
    for kind, write in _WRITERS.items():
        if isinstance(value, kind):
            return write
    raise TypeError(f"DynamoDB has no type for {type(value).__name__}")
