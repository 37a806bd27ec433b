"""What `aws.statements` relies on of DynamoDB, for each double of it: moto, the simulation's, the local stack's."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from kobo_sms.aws.dynamodb import decode, encode
from kobo_sms.aws.statements import CONDITION_FAILED, DUPLICATE, Statement, execute, insert, update
from kobo_sms.table import SCHEMA, Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY: Item = {"id": "request", "part": "0"}


def check_statements(client: DynamoDBClient, table: str, run: str) -> None:
    """Raise AssertionError unless the table does what DynamoDB does; `run` makes this check's keys its own."""
    key = KEY | {"id": f"{KEY['id']}-{run}"}
    _check_insert(client, table, key)
    _check_update(client, table, key)
    _check_each_by_itself(client, table, key)


def _check_insert(client: DynamoDBClient, table: str, key: Item) -> None:
    item = key | {
        "from": "KoboSMS",
        "leases": {"a", "b"},
        "at": Decimal("1.25"),
        "recipients": {"x": {}},
        "doubt": True,
    }
    item |= {"reason": None, "history": [{"answer": "ids"}], "opted_out": b"\x01"}
    assert execute(client, [insert(table, item)]) == [None]
    kept = {name: value for name, value in item.items() if value is not None} | {"schema": SCHEMA}
    assert _read(client, table, key) == kept
    assert execute(client, [insert(table, key | {"from": "another"})]) == [DUPLICATE]
    assert _read(client, table, key) == kept


def _check_update(client: DynamoDBClient, table: str, key: Item) -> None:
    before = _read(client, table, key)
    changes: Item = {"from": None, "never_there": None, "state": "sent", "history": []}
    assert _code(client, update(table, key, changes, where={"at": Decimal(2)})) == CONDITION_FAILED
    assert _code(client, update(table, key, changes, where={"lease": "mine"})) == CONDITION_FAILED
    assert _code(client, update(table, key, changes, where={"from": None})) == CONDITION_FAILED
    assert _code(client, update(table, key | {"part": "1"}, changes, where={})) == CONDITION_FAILED
    assert _read(client, table, key) == before
    assert _code(client, update(table, key, changes, where={"at": Decimal("1.250"), "lease": None})) is None
    after = {name: value for name, value in before.items() if name != "from"} | {"state": "sent", "history": []}
    assert _read(client, table, key) == after


def _check_each_by_itself(client: DynamoDBClient, table: str, key: Item) -> None:
    new = [key | {"part": f"0.{at}"} for at in range(30)]
    codes = execute(client, [insert(table, each) for each in [key, *new]])
    assert codes == [DUPLICATE, *[None] * 30]
    assert all(_read(client, table, each) == each | {"schema": SCHEMA} for each in new)


def _code(client: DynamoDBClient, statement: Statement) -> str | None:
    (code,) = execute(client, [statement])
    return code


def _read(client: DynamoDBClient, table: str, key: Item) -> Item:
    answer = client.get_item(TableName=table, Key=encode(key), ConsistentRead=True)
    return decode(dict(answer.get("Item", {})))
