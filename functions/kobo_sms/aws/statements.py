"""Conditional writes of several items in one call: DynamoDB's BatchExecuteStatement, in PartiQL.

Each statement writes one item or fails by itself. PartiQL says less than an update expression: an UPDATE fails where
there is no item, an INSERT where there is one, and neither knows `if_not_exists`. Sources: DynamoDB's guide, "PartiQL
insert statements", "PartiQL update statements", "Running batch operations with PartiQL"; its API reference,
BatchExecuteStatement and BatchStatementError.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from kobo_sms.aws.dynamodb import encode
from kobo_sms.table import SCHEMA, Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_OPERATION = "dynamodb.BatchExecuteStatement"
# Under which a call's statements wait in botocore's context of the call.
_AS_ENCODED = "kobo_sms.statements"
# Statements in one call, at the most.
MOST_STATEMENTS = 25
# What a statement fails with: the item is there already; the item is not there, or is not as it must be.
DUPLICATE, CONDITION_FAILED = "DuplicateItem", "ConditionalCheckFailed"


@dataclass(frozen=True)
class Statement:
    """One write: PartiQL with a `?` for each of its parameters, which are in DynamoDB's wire form."""

    text: str
    parameters: Sequence[dict[str, Any]]


def insert(table: str, item: Mapping[str, Any]) -> Statement:
    """Return the statement that makes `item`, which must not be there yet; None is left out."""
    wire = encode({name: value for name, value in item.items() if value is not None} | {"schema": SCHEMA})
    return Statement(_insert_text(table, tuple(wire)), tuple(wire.values()))


def update(table: str, key: Item, changes: Mapping[str, Any], *, where: Mapping[str, Any]) -> Statement:
    """Return the statement that writes `changes` to the item under `key`.

    A change to None removes the attribute. `where`: what attributes must be, None for one that must not be there.
    """
    sets = encode({name: value for name, value in changes.items() if value is not None} | {"schema": SCHEMA})
    removed = tuple(name for name, value in changes.items() if value is None)
    known = encode(key | {name: value for name, value in where.items() if value is not None})
    missing = tuple(name for name, value in where.items() if value is None)
    text = _update_text(table, tuple(sets), removed, tuple(known), missing)
    return Statement(text, (*sets.values(), *known.values()))


def execute(client: DynamoDBClient, statements: Iterable[Statement]) -> list[str | None]:
    """Carry out statements, no two of which may write the same item; return the code that each failed with, None for
    one that is carried out.

    Errors of a whole call pass through: then nobody knows what became of its statements.
    """
    codes: list[str | None] = []
    for batch in _batches(statements):
        wire: Any = [{"Statement": each.text, "Parameters": each.parameters} for each in batch]
        answer = client.batch_execute_statement(Statements=wire)
        # DynamoDB answers in the order of the statements.
        codes += [_code(each) for each in answer["Responses"]]
    return codes


def send_as_encoded(client: DynamoDBClient) -> DynamoDBClient:
    """Have `client` send statements as `encode` has made them; return it.

    botocore writes each value of a request by its model, one after the other. The parameters of 25 statements are
    thousands of them, in the form that they are sent in already: that took a twentieth of a text's processor time.
    """
    events: Any = client.meta.events
    events.register(f"provide-client-params.{_OPERATION}", _set_aside)
    events.register(f"before-call.{_OPERATION}", _put_back)
    return client


def _set_aside(params: dict[str, Any], context: dict[str, Any], **_: Any) -> dict[str, Any]:
    context[_AS_ENCODED] = params["Statements"]
    # There must be one.
    return {**params, "Statements": [{"Statement": "later"}]}


def _put_back(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    request = {**json.loads(params["body"]), "Statements": context[_AS_ENCODED]}
    params["body"] = json.dumps(request, default=_in_base64).encode()


def _in_base64(binary: bytes) -> str:
    return b64encode(binary).decode()


def _code(response: Any) -> str | None:
    error = response.get("Error")
    return None if error is None else str(error.get("Code", "InternalServerError"))


def _batches(statements: Iterable[Statement]) -> Iterator[list[Statement]]:
    iterator = iter(statements)
    while batch := list(islice(iterator, MOST_STATEMENTS)):
        yield batch


@lru_cache(maxsize=256)
def _insert_text(table: str, names: tuple[str, ...]) -> str:
    entries = ", ".join(f"'{name}': ?" for name in names)
    return f'INSERT INTO "{table}" VALUE {{{entries}}}'


@lru_cache(maxsize=256)
def _update_text(
    table: str, sets: tuple[str, ...], removed: tuple[str, ...], known: tuple[str, ...], missing: tuple[str, ...]
) -> str:
    changes = [f'SET "{name}" = ?' for name in sets] + [f'REMOVE "{name}"' for name in removed]
    conditions = [f'"{name}" = ?' for name in known] + [f'"{name}" IS MISSING' for name in missing]
    return f'UPDATE "{table}" {" ".join(changes)} WHERE {" AND ".join(conditions)}'
