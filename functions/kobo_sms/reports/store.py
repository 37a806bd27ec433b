"""Parts whose reports are due, in the messages table: found, leased, read, written back; and the counters of them.

Due parts are found by the index `due`, whose partitions (shards) spread them evenly. A shard is leased before its
parts are polled, so that invocations that overlap share the shards instead of doubling the calls. A lease runs out
soon after its holder must have ended; a late write of that holder loses by the part's `due_at`, which every write
moves on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from kobo_sms.aws.dynamodb import Expression, condition_failed, decode, encode
from kobo_sms.aws.statements import execute, update
from kobo_sms.reports.counts import Counts, quarter
from kobo_sms.reports.records import Key, ReportWrite
from kobo_sms.table import DUE_SHARDS, REPORTS_ID, STATS_ID, Item, moment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Parts are spread evenly over the shards, so one of them tells of the backlog of all; each minute another one is looked
# at.
_TURN_SECONDS = 60
# What BatchGetItem takes at most.
MOST_KEYS = 100
# An update expression may be 4 kB long; one attribute takes 14 characters of it.
_MOST_ATTRIBUTES = 100


@dataclass(frozen=True)
class DuePage:
    """Keys of due parts with the moments (epoch seconds) they were due, oldest first; `more`: where the next begins."""

    due: list[tuple[float, Key]]
    more: dict[str, Any] | None


class ReportStore:
    """Reads and writes what poll_reports works on. Errors of DynamoDB pass through."""

    def __init__(self, client: DynamoDBClient, table: str, *, keep_seconds: float) -> None:
        self._client = client
        self._table = table
        self._keep = keep_seconds

    def due(self, shard: str, *, now: float, limit: int, start: dict[str, Any] | None = None) -> DuePage:
        """Return a page of the parts of `shard` whose reports are due, the oldest first."""
        begin: Any = {"ExclusiveStartKey": start} if start else {}
        answer = self._client.query(
            TableName=self._table,
            IndexName="due",
            KeyConditionExpression="due_shard = :shard AND due_at <= :now",
            ExpressionAttributeValues=encode({":shard": shard, ":now": moment(now)}),
            Limit=limit,
            **begin,
        )
        due = [(float(item["due_at"]["N"]), (item["id"]["S"], item["part"]["S"])) for item in answer["Items"]]
        return DuePage(due, answer.get("LastEvaluatedKey"))

    def lease(self, shard: str, *, token: str, now: float, until: float) -> bool:
        """Take the right to poll a shard until `until` (epoch seconds); False while another invocation has it."""
        write = Expression().set(lease=token, lease_until=moment(until))
        expired = f"{write.name('lease_until')} <= {write.value(moment(now))}"
        # boto3 repeats a write whose answer was lost: our own lease does not keep us out.
        ours = f"{write.name('lease')} = {write.value(token)}"
        write.where(f"attribute_not_exists({write.name('lease_until')}) OR {expired} OR {ours}")
        return self._write((REPORTS_ID, f"shard-{shard}"), write)

    def give_back(self, shard: str, *, token: str) -> None:
        """End a lease before its time; one that somebody else has taken over stays theirs."""
        write = Expression().remove("lease", "lease_until")
        write.where(f"{write.name('lease')} = {write.value(token)}")
        self._write((REPORTS_ID, f"shard-{shard}"), write)

    def get_many(self, keys: Sequence[Key]) -> list[Item]:
        """Return the parts, those deleted in the meantime left out, in the order of `keys`.

        A single answer holds at most 16 MB, and a busy table may refuse some: the rest is asked for again as long as
        there is progress. What is still missing then stays due, and is found by the next run.
        """
        found: dict[Key, Item] = {}
        # A duplicate makes DynamoDB refuse the whole call.
        left = [_wire(key) for key in dict.fromkeys(keys)]
        while left:
            # Consistent: what another invocation has just polled must not be asked about again.
            request: Any = {self._table: {"Keys": left[:MOST_KEYS], "ConsistentRead": True}}
            answer = self._client.batch_get_item(RequestItems=request)
            items = [decode(item) for item in answer["Responses"].get(self._table, [])]
            found |= {(item["id"], item["part"]): item for item in items}
            rest: Any = answer.get("UnprocessedKeys", {}).get(self._table, {"Keys": []})["Keys"]
            if rest and not items:
                break
            left = [*rest, *left[MOST_KEYS:]]
        return [found[key] for key in dict.fromkeys(keys) if key in found]

    def record_reports(self, wanted: ReportWrite) -> Item | None:
        """Write what the reports of one part said.

        Returns None when it is written, else the part as another invocation has left it, empty if it is gone.
        """
        write = Expression().set(**wanted.changes(self._keep))
        for name, value in wanted.known().items():
            held = write.name(name)
            write.where(f"attribute_not_exists({held})" if value is None else f"{held} = {write.value(value)}")
        try:
            self._client.update_item(**write.update(self._table, _wire(wanted.key)))
        except self._client.exceptions.ConditionalCheckFailedException as error:
            return condition_failed(error)
        return None

    def record_together(self, wanted: Sequence[ReportWrite]) -> list[bool]:
        """Write what the reports of several parts said in one call, each under its own condition; tell which of them
        are written. Whatever kept one from it, `record_reports` then meets by itself."""
        writes = [update(self._table, _key(each.key), each.changes(self._keep), where=each.known()) for each in wanted]
        return [code is None for code in execute(self._client, writes)]

    def put_off(self, key: Key, *, now: float, until: float, times: int) -> bool:
        """Move a part that is due by `now` on to `until`, for the `times`th time in a row, whatever else its item
        holds; False when it is not due any more: somebody else has written it."""
        write = Expression().set(due_at=moment(until), put_off=times)
        write.where(f"{write.name('due_at')} <= {write.value(moment(now))}")
        return self._write(key, write)

    def _write(self, key: Key, write: Expression) -> bool:
        try:
            self._client.update_item(**write.update(self._table, _wire(key)))
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def _key(key: Key) -> Item:
    return {"id": key[0], "part": key[1]}


def _wire(key: Key) -> dict[str, Any]:
    return encode(_key(key))


class StatsStore:
    """Adds to the counters of each quarter of an hour (`reports.counts`) and reads them. Errors of DynamoDB pass
    through."""

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


class ReportBacklog:
    """How late the asking for reports is, as somebody sees it who does not ask himself.

    poll_reports may not run at all. Errors of DynamoDB pass through.
    """

    def __init__(self, store: ReportStore, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    def seconds_overdue(self) -> float:
        """Return for how many seconds the oldest part of this minute's shard has been due, 0 if none is."""
        now = self._clock()
        shard = DUE_SHARDS[int(now // _TURN_SECONDS) % len(DUE_SHARDS)]
        found = self._store.due(shard, now=now, limit=1).due
        return now - found[0][0] if found else 0.0
