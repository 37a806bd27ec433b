"""Many small items written to DynamoDB, as many at once as it takes; what it leaves unprocessed is written again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from kobo_sms.aws.dynamodb import encode
from kobo_sms.aws.item_errors import passes_soon
from kobo_sms.errors import NotWritten
from kobo_sms.table import SCHEMA, Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# BatchWriteItem takes 25 at most, none of them twice.
BATCH = 25
# What DynamoDB leaves is asked for again, for a quarter of a minute as long as that gets on: the next invocation would
# begin with the first entry. (500 entries are 20 calls; with half of the entries left each time it takes ten rounds.)
_ROUNDS, _IDLE_ROUNDS = 20, 7
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 0.8


def put_all(client: DynamoDBClient, table: str, items: Iterable[Item], pause: Callable[[float], None]) -> None:
    """Write `items`, whose keys are all different; `pause` waits so many seconds. Other errors pass through.

    Raises
    ------
    NotWritten
        when DynamoDB keeps refusing some for now.
    """
    write_all(client, table, [{"PutRequest": {"Item": encode(item | {"schema": SCHEMA})}} for item in items], pause)


def write_all(client: DynamoDBClient, table: str, requests: Sequence[Any], pause: Callable[[float], None]) -> None:
    """Do what `put_all` does with requests that put or delete."""
    left, wait, idle = list(requests), _FIRST_WAIT, 0
    for _ in range(_ROUNDS):
        before, left = len(left), _ask_once(client, table, left)
        idle = 0 if len(left) < before else idle + 1
        if not left or idle == _IDLE_ROUNDS:
            break
        pause(wait)
        wait = min(2 * wait, _LONGEST_WAIT)
    if left:
        raise NotWritten(f"DynamoDB left {len(left)} of {len(requests)} entries unwritten")


def _ask_once(client: DynamoDBClient, table: str, requests: Sequence[Any]) -> list[Any]:
    """Ask once for each request to be done; return those that were not."""
    left: list[Any] = []
    for start in range(0, len(requests), BATCH):
        batch = list(requests[start : start + BATCH])
        try:
            answer = client.batch_write_item(RequestItems={table: batch})
        except Exception as error:
            if not passes_soon(error):
                raise
            left += batch
        else:
            left += answer.get("UnprocessedItems", {}).get(table, [])
    return left
