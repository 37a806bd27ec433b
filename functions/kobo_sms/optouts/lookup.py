"""Which of a part's recipients opted out, as send_sms asks: a hundred numbers a call, as of now.

It costs one read unit a number, and is asked for promotional requests only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from kobo_sms.aws.dynamodb import encode
from kobo_sms.errors import OptOutsUnknown
from kobo_sms.optouts.entries import key_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# What BatchGetItem takes at most.
MOST_KEYS = 100
# A part of 500 numbers waits for less than two seconds in all: its invocation has other things to do.
_TRIES, _FIRST_WAIT = 4, 0.05


class OptOutLookup:
    """Looks numbers up; `pause` waits so many seconds. Errors of DynamoDB pass through."""

    def __init__(self, client: DynamoDBClient, table: str, pause: Callable[[float], None]) -> None:
        self._client = client
        self._table = table
        self._pause = pause

    def among(self, numbers: Sequence[str]) -> frozenset[str]:
        """Return those of `numbers`, all different, that have opted out.

        Raises
        ------
        OptOutsUnknown
            when DynamoDB keeps leaving some unread for now.
        """
        batches = (numbers[at : at + MOST_KEYS] for at in range(0, len(numbers), MOST_KEYS))
        return frozenset(number for batch in batches for number in self._read(batch))

    def _read(self, numbers: Sequence[str]) -> set[str]:
        found: set[str] = set()
        left: list[Any] = [encode(key_of(number)) for number in numbers]
        wait = _FIRST_WAIT
        for attempt in range(_TRIES):
            if attempt:
                self._pause(wait)
                wait *= 2
            # Consistent: who opted out a moment before the request was queued is not sent to.
            request: Any = {self._table: {"Keys": left, "ConsistentRead": True, "ProjectionExpression": "part"}}
            answer = self._client.batch_get_item(RequestItems=request)
            found |= {str(item["part"]["S"]) for item in answer["Responses"].get(self._table, [])}
            rest: Any = answer.get("UnprocessedKeys", {})
            left = list(rest.get(self._table, {"Keys": []})["Keys"])
            if not left:
                return found
        raise OptOutsUnknown(f"DynamoDB left {len(left)} of {len(numbers)} numbers unread {_TRIES} times")
