"""DynamoDB's typed values, items and update expressions, and the loop that changes an item which others change too.

A typed value is `{"S": "text"}` for "text". The rules are those of boto3's `dynamodb.types`, which cannot be imported
without all of boto3. A test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow
from typing import Any, TypeVar

from kobo_sms.errors import WriteConflict
from kobo_sms.table import SCHEMA

Known = TypeVar("Known")
Change = TypeVar("Change")
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


def encode(item: dict[str, Any]) -> dict[str, Any]:
    """Return `item` as DynamoDB's wire types."""
    return {name: serialize(value) for name, value in item.items()}


def decode(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item off the wire as Python values; numbers are Decimal, binaries bytes."""
    return {name: deserialize(value) for name, value in item.items()}


def condition_failed(error: Any) -> dict[str, Any]:
    """Return the item that made a condition fail (asked for with ReturnValuesOnConditionCheckFailure)."""
    return decode(error.response.get("Item", {}))


class Expression:
    """One update, put together from attribute names and values; reserved words are no concern of the caller."""

    def __init__(self) -> None:
        self._sets: list[str] = []
        self._adds: list[str] = []
        self._deletes: list[str] = []
        self._removes: list[str] = []
        self._conditions: list[str] = []
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}

    def name(self, attribute: str) -> str:
        """Return the placeholder of an attribute's name."""
        placeholder = f"#{attribute}"
        self._names[placeholder] = attribute
        return placeholder

    def value(self, value: Any) -> str:
        """Return the placeholder of a value."""
        placeholder = f":v{len(self._values)}"
        self._values[placeholder] = serialize(value)
        return placeholder

    def set(self, **attributes: Any) -> Expression:
        """Set attributes; None removes one."""
        for attribute, value in attributes.items():
            if value is None:
                self.remove(attribute)
            else:
                self._sets.append(f"{self.name(attribute)} = {self.value(value)}")
        return self

    def set_once(self, **attributes: Any) -> Expression:
        """Set attributes that are not there yet."""
        for attribute, value in attributes.items():
            name = self.name(attribute)
            self._sets.append(f"{name} = if_not_exists({name}, {self.value(value)})")
        return self

    def add(self, **attributes: Any) -> Expression:
        """Add to numbers or sets."""
        self._adds += [f"{self.name(attribute)} {self.value(value)}" for attribute, value in attributes.items()]
        return self

    def add_named(self, attributes: Mapping[str, Any]) -> Expression:
        """Add to attributes whose names are of any characters."""
        for attribute, value in attributes.items():
            placeholder = f"#n{len(self._names)}"
            self._names[placeholder] = attribute
            self._adds.append(f"{placeholder} {self.value(value)}")
        return self

    def delete(self, **attributes: AbstractSet[str]) -> Expression:
        """Take elements out of sets."""
        self._deletes += [f"{self.name(attribute)} {self.value(value)}" for attribute, value in attributes.items()]
        return self

    def remove(self, *attributes: str) -> Expression:
        """Remove attributes."""
        self._removes += [self.name(attribute) for attribute in attributes]
        return self

    def remove_named(self, attributes: Iterable[str]) -> Expression:
        """Remove attributes whose names are of any characters."""
        for attribute in attributes:
            placeholder = f"#n{len(self._names)}"
            self._names[placeholder] = attribute
            self._removes.append(placeholder)
        return self

    def where(self, condition: str) -> Expression:
        """Demand `condition`, besides those demanded before."""
        self._conditions.append(f"({condition})")
        return self

    def where_version(self, version: int) -> Expression:
        """Demand that nobody has written since `version` was read; 0 stands for an item that has none yet."""
        name = self.name("version")
        return self.where(f"{name} = {self.value(version)}" if version else f"attribute_not_exists({name})")

    def update(self, table: str, key: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments of update_item. The item also says of which schema it is."""
        self.set(schema=SCHEMA)
        clauses = {"SET": self._sets, "ADD": self._adds, "DELETE": self._deletes, "REMOVE": self._removes}
        arguments = {
            "TableName": table,
            "Key": key,
            "UpdateExpression": " ".join(f"{word} {', '.join(parts)}" for word, parts in clauses.items() if parts),
            "ConditionExpression": " AND ".join(self._conditions),
            "ExpressionAttributeNames": self._names,
            "ExpressionAttributeValues": self._values,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD" if self._conditions else "",
        }
        # DynamoDB refuses an empty expression.
        return {name: value for name, value in arguments.items() if value}


def compare_and_swap(
    read: Callable[[], Known],
    change: Callable[[Known], Change],
    write: Callable[[Known, Change], bool],
    *,
    what: str,
    tries: int = 5,
) -> Change:
    """Read an item, work out its change and write it, anew if somebody was faster; return the change that was written.

    Parameters
    ----------
    change
        Works out the change, and whatever else its caller wants to know of it; called anew for each try.
    write
        Writes it; False when somebody has written since `read`.

    Raises
    ------
    WriteConflict
        when others were faster each time; it names `what`.
    """
    for _ in range(tries):
        known = read()
        changed = change(known)
        if write(known, changed):
            return changed
    raise WriteConflict(f"{what} was changed by others {tries} times")


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
