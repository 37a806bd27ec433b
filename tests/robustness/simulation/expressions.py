"""DynamoDB's expressions, as far as kobo_sms writes them, over items in wire form (`{"N": "1"}`).

Compiled once per text; names and values stay placeholders until an expression is applied. What DynamoDB would refuse
(a placeholder nobody defined or used, an attribute written twice) raises ValueError here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

Wire = dict[str, Any]
Item = dict[str, Wire]

_TOKEN = re.compile(r"[#:]?\w+|<>|<=|>=|[=<>(),]")
_CLAUSES = ("SET", "ADD", "DELETE", "REMOVE")


@dataclass(frozen=True)
class Terms:
    """What an expression is applied to: the item as it is, and the meaning of its placeholders."""

    item: Mapping[str, Wire]
    names: Mapping[str, str]
    values: Mapping[str, Wire]


Operand = Callable[[Terms], "Wire | None"]
Condition = Callable[[Terms], bool]
Change = Callable[[Terms, Item], None]


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens = _TOKEN.findall(text)
        if "".join(self.tokens) != re.sub(r"\s", "", text):
            raise ValueError(f"unreadable expression: {text}")
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, expected: str | None = None) -> str:
        token = self.peek()
        if not token or (expected is not None and token != expected):
            raise ValueError(f"expected {expected}, found {token!r}")
        self.at += 1
        return token


@cache
def placeholders(*texts: str) -> frozenset[str]:
    """Return the placeholders that expressions use."""
    return frozenset(token for text in texts for token in _TOKEN.findall(text) if token[0] in "#:")


@cache
def condition(text: str) -> Condition:
    """Return the condition that `text` writes; an empty one always holds."""
    if not text:
        return lambda terms: True
    reader = _Reader(text)
    found = _either(reader)
    if reader.peek():
        raise ValueError(f"left over in the condition: {reader.peek()}")
    return found


def _either(reader: _Reader) -> Condition:
    each = [_both(reader)]
    while reader.peek() == "OR":
        reader.take()
        each.append(_both(reader))
    return each[0] if len(each) == 1 else lambda terms: any(one(terms) for one in each)


def _both(reader: _Reader) -> Condition:
    each = [_single(reader)]
    while reader.peek() == "AND":
        reader.take()
        each.append(_single(reader))
    return each[0] if len(each) == 1 else lambda terms: all(one(terms) for one in each)


def _single(reader: _Reader) -> Condition:
    if reader.peek() == "NOT":
        reader.take()
        denied = _single(reader)
        return lambda terms: not denied(terms)
    if reader.peek() == "(":
        reader.take()
        inner = _either(reader)
        reader.take(")")
        return inner
    if reader.peek() in ("attribute_exists", "attribute_not_exists"):
        wanted = reader.take() == "attribute_exists"
        (operand,) = _arguments(reader, 1)
        return lambda terms: (operand(terms) is not None) is wanted
    if reader.peek() in ("contains", "begins_with"):
        holds = _contains if reader.take() == "contains" else _begins_with
        whole, one = _arguments(reader, 2)
        return lambda terms: holds(whole(terms), one(terms))
    left, sign, right = _operand(reader), reader.take(), _operand(reader)
    return lambda terms: compare(left(terms), sign, right(terms))


def _arguments(reader: _Reader, count: int) -> list[Operand]:
    reader.take("(")
    found = [_operand(reader)]
    while len(found) < count:
        reader.take(",")
        found.append(_operand(reader))
    reader.take(")")
    return found


def _operand(reader: _Reader) -> Operand:
    token = reader.take()
    if token == "size":
        (inner,) = _arguments(reader, 1)
        return lambda terms: _size(inner(terms))
    if token == "if_not_exists":
        first, other = _arguments(reader, 2)
        return lambda terms: first(terms) or other(terms)
    if token.startswith(":"):
        return lambda terms: terms.values[token]
    if token.startswith("#"):
        return lambda terms: terms.item.get(terms.names[token])
    return lambda terms: terms.item.get(token)


def compare(left: Wire | None, sign: str, right: Wire | None) -> bool:
    """Compare as DynamoDB does: other types are unequal, and what is missing is neither less nor more."""
    equal = left is not None and right is not None and _plain(left) == _plain(right)
    if sign in ("=", "<>"):
        return equal is (sign == "=")
    if left is None or right is None or left.keys() != right.keys():
        return False
    one, other = _plain(left)[1], _plain(right)[1]
    return bool({"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[sign])


def _plain(wire: Wire) -> tuple[str, Any]:
    ((kind, value),) = wire.items()
    return kind, Decimal(value) if kind == "N" else set(value) if kind == "SS" else value


def _size(wire: Wire | None) -> Wire | None:
    return None if wire is None else {"N": str(len(_plain(wire)[1]))}


def _begins_with(whole: Wire | None, one: Wire | None) -> bool:
    return whole is not None and one is not None and whole["S"].startswith(one["S"])


def _contains(whole: Wire | None, one: Wire | None) -> bool:
    return whole is not None and one is not None and one["S"] in next(iter(whole.values()))


@cache
def update(text: str) -> Change:
    """Return what an update expression does to a copy of the item."""
    reader, changes = _Reader(text), []
    while reader.peek():
        clause = reader.take()
        if clause not in _CLAUSES:
            raise ValueError(f"no clause of an update: {clause}")
        changes += list(_changes(reader, clause))

    def apply(terms: Terms, item: Item) -> None:
        targets = [terms.names[target] for target, _ in changes]
        if len(set(targets)) < len(targets):
            raise ValueError("two document paths overlap")
        for (_, change), target in zip(changes, targets, strict=True):
            change(terms, item, target)

    return apply


def _changes(reader: _Reader, clause: str) -> Iterator[tuple[str, Callable[[Terms, Item, str], None]]]:
    while True:
        target = reader.take()
        if clause == "REMOVE":
            yield target, _remove
        elif clause == "ADD":
            yield target, _add(_operand(reader))
        elif clause == "DELETE":
            yield target, _delete(_operand(reader))
        else:
            reader.take("=")
            yield target, _set(_operand(reader))
        if reader.peek() != ",":
            return
        reader.take()


def _remove(_: Terms, item: Item, name: str) -> None:
    item.pop(name, None)


def _set(operand: Operand) -> Callable[[Terms, Item, str], None]:
    def change(terms: Terms, item: Item, name: str) -> None:
        value = operand(terms)
        if value is None:
            raise ValueError("an operand refers to an attribute that does not exist")
        item[name] = value

    return change


def _add(operand: Operand) -> Callable[[Terms, Item, str], None]:
    def change(terms: Terms, item: Item, name: str) -> None:
        value, old = operand(terms), terms.item.get(name)
        assert value is not None
        if "SS" in value:
            item[name] = {"SS": sorted({*value["SS"], *(old["SS"] if old else ())})}
        else:
            item[name] = {"N": str(Decimal(value["N"]) + Decimal(old["N"] if old else 0))}

    return change


def _delete(operand: Operand) -> Callable[[Terms, Item, str], None]:
    def change(terms: Terms, item: Item, name: str) -> None:
        value, old = operand(terms), terms.item.get(name)
        assert value is not None
        left = sorted({*(old["SS"] if old else ())} - {*value["SS"]})
        # DynamoDB knows no empty set.
        item.pop(name, None)
        if left:
            item[name] = {"SS": left}

    return change
