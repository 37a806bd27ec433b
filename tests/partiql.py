"""The PartiQL that kobo_sms writes (`aws.statements`), read for doubles of DynamoDB that know none, or another one.

moto carries statements out without their conditions; the simulation's table has UpdateItem and PutItem.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

Wire = Mapping[str, Any]
_INSERT = re.compile(r'INSERT INTO "([\w.-]+)" VALUE \{(.*)\}')
_ENTRY = re.compile(r"'(\w+)': \?(?:, |$)")
_UPDATE = re.compile(r'UPDATE "([\w.-]+)" (.*) WHERE (.*)')
_CHANGE = re.compile(r'(?:SET "(\w+)" = \?|REMOVE "(\w+)")(?: |$)')
_CONDITION = re.compile(r'"(\w+)" (= \?|IS MISSING)(?: AND |$)')
_KEY = ("id", "part")
_MOST = 25


@dataclass(frozen=True)
class Write:
    """The arguments of UpdateItem that do what a statement says; `fails_with` names what its failed condition is."""

    arguments: dict[str, Any]
    fails_with: str


def execute_batch(statements: Sequence[Wire], update: Callable[..., object]) -> list[dict[str, Any]]:
    """Return BatchExecuteStatement's responses; `update` is UpdateItem.

    Raises
    ------
    ValueError
        for what DynamoDB refuses as a whole, and for PartiQL that kobo_sms does not write.
    """
    if not 0 < len(statements) <= _MOST:
        raise ValueError(f"{len(statements)} statements in one call")
    writes = [read(each) for each in statements]
    keys = [str(each.arguments["Key"]) for each in writes]
    if len(set(keys)) < len(keys):
        raise ValueError("two statements write the same item")
    return [_carry_out(each, update) for each in writes]


def read(statement: Wire) -> Write:
    """Return what a statement writes."""
    text, parameters = statement["Statement"], list(statement.get("Parameters", ()))
    if text.count("?") != len(parameters):
        raise ValueError("Number of parameters in request and statement don't match.")
    return _insertion(text, parameters) if text.startswith("INSERT") else _change(text, parameters)


def _insertion(text: str, parameters: list[Any]) -> Write:
    table, entries = _whole(_INSERT, text)
    item = dict(zip(_all(_ENTRY, entries, 1), parameters, strict=True))
    key = {name: item.pop(name) for name in _KEY}
    return Write(_arguments(table, key, item, (), ["attribute_not_exists(#id)"], {}), "DuplicateItem")


def _change(text: str, parameters: list[Any]) -> Write:
    table, changes, conditions = _whole(_UPDATE, text)
    found = _CHANGE.findall(changes)
    _all(_CHANGE, changes, 1)
    sets = {name: parameters.pop(0) for name, _ in found if name}
    _all(_CONDITION, conditions, 1)
    known: dict[str, Any] = {}
    demands = ["attribute_exists(#id)"]
    for name, what in _CONDITION.findall(conditions):
        if what == "IS MISSING":
            demands.append(f"attribute_not_exists(#{name})")
        else:
            known[name] = parameters.pop(0)
    key = {name: known.pop(name) for name in _KEY}
    demands += [f"#{name} = :w{name}" for name in known]
    removed = [name for _, name in found if name]
    return Write(_arguments(table, key, sets, removed, demands, known), "ConditionalCheckFailed")


def _arguments(
    table: str, key: Wire, sets: Wire, removed: Sequence[str], demands: Sequence[str], known: Wire
) -> dict[str, Any]:
    update = "SET " + ", ".join(f"#{name} = :s{name}" for name in sets)
    if removed:
        update += " REMOVE " + ", ".join(f"#{name}" for name in removed)
    condition = " AND ".join(demands)
    used = re.findall(r"#(\w+)", f"{update} {condition}")
    return {
        "TableName": table,
        "Key": dict(key),
        "UpdateExpression": update,
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {f"#{name}": name for name in used},
        "ExpressionAttributeValues": {f":s{name}": value for name, value in sets.items()}
        | {f":w{name}": value for name, value in known.items()},
    }


def _carry_out(write: Write, update: Callable[..., object]) -> dict[str, Any]:
    try:
        update(**write.arguments)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        failed = write.fails_with if code == "ConditionalCheckFailedException" else "ValidationError"
        return {"Error": {"Code": failed, "Message": code}}
    return {"TableName": write.arguments["TableName"]}


def _whole(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    found = pattern.fullmatch(text)
    if found is None:
        raise ValueError(f"not the PartiQL that kobo_sms writes: {text}")
    return found.groups()


def _all(pattern: re.Pattern[str], text: str, group: int) -> list[str]:
    """Return a group of each match; the matches must be all of the text."""
    matches = list(pattern.finditer(text))
    if "".join(each.group() for each in matches) != text:
        raise ValueError(f"not the PartiQL that kobo_sms writes: {text}")
    return [each.group(group) for each in matches]
