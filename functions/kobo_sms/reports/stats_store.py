"""The counters of each quarter of an hour, in the messages table (`reports.counts` tells their shape)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from kobo_sms.aws.dynamodb import Expression, decode, encode
from kobo_sms.reports.counts import Counts, quarter
from kobo_sms.table import STATS_ID, Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# An update expression may be 4 kB long; one attribute takes 14 characters of it.
_MOST_ATTRIBUTES = 100


class StatsStore:
    """Adds to the counters and reads them. Errors of DynamoDB pass through."""

    def __init__(self, client: DynamoDBClient, table: str, *, keep_seconds: float) -> None:
        self._client = client
        self._table = table
        self._keep = keep_seconds

    def add(self, counts: Counts, *, token: str, now: float) -> None:
        """Add a run's counts to the quarter of an hour of `now` (epoch seconds), once for each `token`.

        Adding is not idempotent, and boto3 repeats a write whose answer was lost: the item remembers the tokens.
        """
        attributes = iter(counts.attributes().items())
        key = encode({"id": STATS_ID, "part": quarter(now)})
        for batch in iter(lambda: dict(islice(attributes, _MOST_ATTRIBUTES)), {}):
            write = Expression().set(expires=int(now + self._keep)).add_named(batch).add(runs={token})
            runs = write.name("runs")
            write.where(f"attribute_not_exists({runs}) OR NOT contains({runs}, {write.value(token)})")
            # The condition fails where boto3 repeats a write of ours.
            with suppress(self._client.exceptions.ConditionalCheckFailedException):
                self._client.update_item(**write.update(self._table, key))
            token = f"{token}+"

    def since(self, start: float) -> Iterator[Item]:
        """Return the items from the quarter of an hour of `start` (epoch seconds) on, the newest first."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="id = :id AND part >= :start",
            ExpressionAttributeValues=encode({":id": STATS_ID, ":start": quarter(start)}),
            ScanIndexForward=False,
        )
        return (decode(item) for page in pages for item in page["Items"])
