"""The look-up by number: for each recipient an entry that names its part, so that `kobo find` reads no other.

An entry's key is `~to/NUMBER` and `MOMENT/PART/ID`, so that a number's entries stand in the order of time. The moment
is when the request came, in milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kobo_sms.aws.dynamodb import encode
from kobo_sms.aws.item_errors import passes_soon
from kobo_sms.errors import NotPublished
from kobo_sms.table import LOOKUP_PREFIX, Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# BatchWriteItem takes 25 at most.
_BATCH = 25
# What DynamoDB leaves is asked for again, for a quarter of a minute as long as that gets on: the next invocation would
# begin with the first entry. (500 entries are 20 calls; with half of the entries left each time it takes ten rounds.)
_ROUNDS, _IDLE_ROUNDS = 20, 7
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 0.8
# A part's own expiry moves on with each change, an entry is written once: so it outlives the part by what may lie
# between the part's first change and its last. 13 days in a queue and 14 of asking for reports, and a day.
_OUTLIVES = 28 * 86_400
_NUMBER = re.compile(r"[0-9]{5,20}")


class Lookup:
    """Writes entries; writing them again changes nothing. Errors of DynamoDB pass through."""

    def __init__(self, client: DynamoDBClient, table: str, pause: Callable[[float], None]) -> None:
        self._client = client
        self._table = table
        self._pause = pause

    def add(self, parts: Iterable[Item]) -> None:
        """Write the entries of parts.

        Raises
        ------
        NotPublished
            when DynamoDB keeps refusing some for now.
        """
        entries = (entry for part in parts for entry in entries_of(part))
        requests = [{"PutRequest": {"Item": encode(entry)}} for entry in entries]
        left, wait, idle = requests, _FIRST_WAIT, 0
        for _ in range(_ROUNDS):
            before, left = len(left), self._write(left)
            idle = 0 if len(left) < before else idle + 1
            if not left or idle == _IDLE_ROUNDS:
                break
            self._pause(wait)
            wait = min(2 * wait, _LONGEST_WAIT)
        if left:
            raise NotPublished(f"DynamoDB left {len(left)} of {len(requests)} look-up entries unwritten")

    def _write(self, requests: Sequence[Any]) -> list[Any]:
        """Ask once for each entry to be written; return those that were not."""
        left: list[Any] = []
        for start in range(0, len(requests), _BATCH):
            batch = requests[start : start + _BATCH]
            try:
                answer = self._client.batch_write_item(RequestItems={self._table: batch})
            except Exception as error:
                if not passes_soon(error):
                    raise
                left += batch
            else:
                left += answer.get("UnprocessedItems", {}).get(self._table, [])
        return left


def entries_of(item: Item) -> Iterator[Item]:
    """Return the entries of a part, one for each number that was or is to be sent to."""
    place = f"{place_of(item['created_at'])}/{item['part']}/{item['id']}"
    for number in _numbers(item["recipients"]):
        yield {"id": f"{LOOKUP_PREFIX}{number}", "part": place, "expires": int(item["expires"]) + _OUTLIVES}


def place_of(seconds: Decimal | float) -> str:
    """Return how the keys of entries of a moment (epoch seconds) begin."""
    return f"{max(0, int(seconds * 1000)):015d}"


def part_of(entry: Item) -> tuple[str, str]:
    """Return the key (request id, part) of the part that an entry names."""
    _, part, request_id = entry["part"].split("/", 2)
    return request_id, part


def _numbers(recipients: Iterable[str]) -> Iterator[str]:
    # Besides numbers there is what was written in place of one, which nobody looks up.
    return (each for each in recipients if _NUMBER.fullmatch(each))
