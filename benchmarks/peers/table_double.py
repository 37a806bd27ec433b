"""DynamoDB for the benchmark: the simulation's, with what the usual Lambda asks besides, and what it would bill."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from math import ceil
from typing import Any, TypeVar

from tests.integration.cost.meter import index_units, size_of
from tests.robustness.simulation import expressions
from tests.robustness.simulation.chaos import Chaos
from tests.robustness.simulation.dynamodb import ConditionalCheckFailedException, FakeDynamoDB
from tests.robustness.simulation.expressions import Item, Terms

T = TypeVar("T")
# The sort key of a table that has none.
_NO_PART = {"part": {"S": "-"}}
_WRITE_UNIT = 1024


class _Prompt(Chaos):
    """No mishap, and no time between the edges of a call."""

    def around(self, name: str, effect: Callable[[], T], *, repeats: bool = True) -> T:
        return effect()


class TableDouble(FakeDynamoDB):
    """One table. `indexes` are the key attributes of each index, as far as they are billed.

    `sorted_` tells whether its key has a sort key, `part`, besides `id`.
    """

    def __init__(self, indexes: Sequence[Sequence[str]] = (), *, sorted_: bool = True) -> None:
        super().__init__(_Prompt(random.Random(0), lambda seconds: None, lambda: None))
        self._indexes = [list(each) for each in indexes]
        self._sorted = sorted_
        self._written: list[tuple[Item, Item]] = []
        self.streamed = self._note

    def call(self, operation: str, arguments: dict[str, Any]) -> Any:
        """Do an operation by the name of its method.

        Raises
        ------
        ConditionalCheckFailedException
            when its condition does not hold.
        """
        if not self._sorted:
            for name in arguments.keys() & {"Key", "Item"}:
                arguments[name] = arguments[name] | _NO_PART
        return getattr(self, operation)(**arguments)

    def put_item(self, **arguments: Any) -> dict[str, Any]:
        """Put an item if the condition, where there is one, holds."""
        self._require(arguments, arguments["Item"], "PutItem")
        return super().put_item(**arguments)

    def delete_item(self, **arguments: Any) -> dict[str, Any]:
        """Delete an item, whether or not it is there."""
        old = self.items.pop(_key(arguments["Key"]), {})
        self._note(old, {})
        return {}

    def write_units(self) -> int:
        """Return the write units that DynamoDB would have billed by now."""
        return sum(self._units(old, new) for old, new in self._written)

    def _update(self, **arguments: Any) -> dict[str, Any]:
        old = self.items.get(_key(arguments["Key"]), {})
        try:
            return super()._update(**arguments)
        except ConditionalCheckFailedException:
            # DynamoDB bills it all the same.
            self._note(old, old)
            raise

    def _require(self, arguments: dict[str, Any], key: Item, operation: str) -> None:
        old = self.items.get(_key(key), {})
        names, values = (arguments.get(f"ExpressionAttribute{kind}", {}) for kind in ("Names", "Values"))
        condition = arguments.get("ConditionExpression", "")
        if expressions.placeholders(condition) != {*names, *values}:
            raise ValueError("placeholders that are not defined, or not used")
        if not expressions.condition(condition)(Terms(old, names, values)):
            self._note(old, old)
            told = old and arguments.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
            answer: Any = {"Error": {"Code": "ConditionalCheckFailedException"}} | ({"Item": old} if told else {})
            raise ConditionalCheckFailedException(answer, operation)

    def _note(self, old: Item | None, new: Item) -> None:
        # Reckoned later, when nothing is measured.
        self._written.append((old or {}, new))

    def _units(self, old: Item, new: Item) -> int:
        table = max(1, ceil(max(size_of(old), size_of(new)) / _WRITE_UNIT))
        return table + sum(index_units(old, new, keys) for keys in self._indexes)


def _key(wire: Item) -> tuple[str, str]:
    return wire["id"]["S"], wire["part"]["S"]
