"""What became of a campaign's recipients, counted from the index `campaign` of the messages table.

The index has eight partitions, asked side by side. In each the parts stand in the order of what became of them
(`messages.progress`), so that a million parts of which most say the same need not be read: DynamoDB counts them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from kobo_sms.aws.dynamodb import encode
from kobo_sms.messages.progress import Progress, open_prefixes, read_progress
from kobo_sms.table import CAMPAIGN_INDEX, CAMPAIGN_SHARDS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Key = tuple[str, str]
# A page that says the same throughout is taken for the beginning of many.
_PAGE = 100


class CampaignProgress:
    """Counts parts. Reads are eventually consistent: what was written in the last second or so may be missing.

    Errors of DynamoDB pass through.

    Parameters
    ----------
    pool
        Reads the partitions; with eight threads all at once.
    """

    def __init__(self, client: DynamoDBClient, table: str, pool: Executor) -> None:
        self._client = client
        self._table = table
        self._pool = pool

    def count(self, campaign_id: str) -> Progress:
        """Return the recipients of all parts that were taken off the queue, by state and reason."""
        return sum(self._each_shard(campaign_id, self._count), Counter())

    def anything_open(self, campaign_id: str) -> bool:
        """Tell whether any part has a recipient that is still to be sent to. Reads next to nothing."""
        return any(self._each_shard(campaign_id, self._anything_open))

    def parts_with(self, campaign_id: str, wanted: Callable[[str], bool]) -> list[Key]:
        """Return the keys of parts with a recipient in a state that is `wanted`."""
        found = self._each_shard(campaign_id, lambda shard: list(self._parts_with(shard, wanted)))
        return [key for keys in found for key in keys]

    def _each_shard(self, campaign_id: str, read: Callable[[str], Any]) -> Iterator[Any]:
        return self._pool.map(read, [f"{campaign_id}/{shard}" for shard in range(CAMPAIGN_SHARDS)])

    def _count(self, shard: str) -> Progress:
        total: Progress = Counter()
        for text, keys in self._values(shard, lambda _: False):
            parts = len(keys) if keys is not None else self._count_same(shard, text)
            for of, count in read_progress(text).items():
                total[of] += count * parts
        return total

    def _parts_with(self, shard: str, wanted: Callable[[str], bool]) -> Iterator[Key]:
        def holds(text: str) -> bool:
            return any(wanted(state) for state, _ in read_progress(text))

        for text, keys in self._values(shard, holds):
            if keys is not None and holds(text):
                yield from keys

    def _anything_open(self, shard: str) -> bool:
        condition = "campaign_shard = :shard AND begins_with(progress, :text)"
        return any(self._query(shard, condition, text, Limit=1)["Items"] for text in open_prefixes())

    def _values(self, shard: str, read_all: Callable[[str], bool]) -> Iterator[tuple[str, list[Key] | None]]:
        """Yield what parts of a partition say, with their keys: a text may come several times, with more keys.

        Of a text that many say no keys are read, unless `read_all`: then None stands for them, and it comes once.
        """
        condition, text = "campaign_shard = :shard AND progress > :text", " "
        more: dict[str, Any] = {}
        while True:
            page = self._query(shard, condition, text, Limit=_PAGE, **more)
            parts = _by_text(page["Items"])
            if "LastEvaluatedKey" not in page:
                yield from parts.items()
                return
            *others, last = parts
            more = {}
            if others:
                # The last may go on: the next page begins with it.
                yield from ((other, parts[other]) for other in others)
                text = others[-1]
            elif read_all(last):
                yield last, parts[last]
                more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
            else:
                yield last, None
                text = last

    def _count_same(self, shard: str, text: str) -> int:
        condition, count = "campaign_shard = :shard AND progress = :text", 0
        more: dict[str, Any] = {}
        while True:
            page = self._query(shard, condition, text, Select="COUNT", **more)
            count += int(page["Count"])
            if "LastEvaluatedKey" not in page:
                return count
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _query(self, shard: str, condition: str, text: str, **more: Any) -> Any:
        return self._client.query(
            TableName=self._table,
            IndexName=CAMPAIGN_INDEX,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=encode({":shard": shard, ":text": text}),
            **more,
        )


def _by_text(items: list[Any]) -> dict[str, list[Key]]:
    parts: dict[str, list[Key]] = {}
    for item in items:
        parts.setdefault(item["progress"]["S"], []).append((item["id"]["S"], item["part"]["S"]))
    return parts
