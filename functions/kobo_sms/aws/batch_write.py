"""Many small items written to DynamoDB, as many at once as it takes; what it leaves unprocessed is written again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from kobo_sms.aws.dynamodb import encode
from kobo_sms.errors import NotWritten
from kobo_sms.table import Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# BatchWriteItem takes 25 at most, none of them twice.
BATCH = 25
_TRIES, _FIRST_WAIT = 7, 0.05


def put_all(client: DynamoDBClient, table: str, items: Iterable[Item], pause: Callable[[float], None]) -> None:
    """Write `items`, whose keys are all different; `pause` waits so many seconds. Errors of DynamoDB pass through.

    Raises
    ------
    NotWritten
        when DynamoDB keeps refusing some for now; those before them are written.
    """
    left = iter(items)
    while batch := list(islice(left, BATCH)):
        _write(client, table, [{"PutRequest": {"Item": encode(item)}} for item in batch], pause)


def _write(client: DynamoDBClient, table: str, requests: list[Any], pause: Callable[[float], None]) -> None:
    left, wait = requests, _FIRST_WAIT
    for _ in range(_TRIES):
        answer = client.batch_write_item(RequestItems={table: left})
        left = list(answer.get("UnprocessedItems", {}).get(table, []))
        if not left:
            return
        pause(wait)
        wait *= 2
    raise NotWritten(f"DynamoDB left {len(left)} of {len(requests)} entries unwritten {_TRIES} times")
