"""The look-up by number: for each recipient an entry that names its part, so that `kobo find` reads no other.

An entry's key is `~to/NUMBER` and `MOMENT/PART/ID`, so that a number's entries stand in the order of time. The moment
is when the request came, in milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from kobo_sms.aws.batch_write import put_all
from kobo_sms.table import LOOKUP_PREFIX, Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

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
        NotWritten
            when DynamoDB keeps refusing some for now.
        """
        entries = (entry for part in parts for entry in entries_of(part))
        put_all(self._client, self._table, entries, self._pause)


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
