"""The stack's register of who opted out: its entries in the messages table, a million of them in little memory."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Any

from botocore.config import Config

from kobo_cli.connection import Connection
from kobo_cli.errors import CliError
from kobo_sms.aws.batch_write import BATCH, put_all
from kobo_sms.aws.dynamodb import decode, encode
from kobo_sms.errors import NotWritten, OptOutsUnknown
from kobo_sms.optouts.entries import SHARDS, key_of, optout_entries
from kobo_sms.optouts.lookup import MOST_KEYS, OptOutLookup
from kobo_sms.table import DO_NOT_DISTURB_PREFIX, OPTOUT_PREFIX, Item

# Calls at once, and how many more batches are read ahead of them.
_WRITERS, _AHEAD = 8, 16
_PAGE = 1000


class Register:
    """Reads and writes the register. Errors of DynamoDB pass through."""

    def __init__(self, connection: Connection, pause: Callable[[float], None] = time.sleep) -> None:
        # As many connections as there are threads.
        self._client = connection.client("dynamodb", Config(max_pool_connections=_WRITERS))
        self._table = connection.variables["KOBO_TABLE"]
        self._pause = pause

    def add(
        self, numbers: Iterable[str], *, by: str, now: float, progress: Callable[[int], None] = lambda _: None
    ) -> int:
        """Have numbers opt out, and return how many there were; one that is there already is written anew.

        `progress` is told how many are written.

        Raises
        ------
        CliError
            when DynamoDB keeps refusing some: those before them are written, and doing it again does no harm.
        """
        done = 0
        for written in self._in_parallel(partial(self._add_batch, by=by, now=now), _batches(numbers, BATCH)):
            done += written
            progress(done)
        return done

    def remove(self, numbers: Iterable[str]) -> list[str]:
        """Take opt-outs back; return those of `numbers` that had not opted out."""
        return [number for number in numbers if not self._remove(number)]

    def among(self, numbers: Iterable[str]) -> frozenset[str]:
        """Return those of `numbers` that have opted out. Raises CliError when DynamoDB keeps leaving some unread."""
        try:
            return OptOutLookup(self._client, self._table, self._pause).among(list(dict.fromkeys(numbers)))
        except OptOutsUnknown as error:
            raise CliError(f"{error}: try again") from error

    def entries(self) -> Iterator[Item]:
        """Yield the entry of each number that opted out, in no order that means anything."""
        return self._entries_of(OPTOUT_PREFIX)

    def suggestions(self) -> Iterator[Item]:
        """Yield the entry of each number that a report called do-not-disturb, and that has not opted out."""
        for notes in _batches(self._entries_of(DO_NOT_DISTURB_PREFIX), MOST_KEYS):
            out = self.among(note["part"] for note in notes)
            yield from (note for note in notes if note["part"] not in out)

    def _add_batch(self, numbers: Collection[str], *, by: str, now: float) -> int:
        # BatchWriteItem takes no key twice.
        each_once = dict.fromkeys(numbers)
        try:
            put_all(self._client, self._table, optout_entries(each_once, by=by, now=now), self._pause)
        except NotWritten as error:
            raise CliError(f"{error}: run it again, what is written already does no harm") from error
        return len(numbers)

    def _remove(self, number: str) -> bool:
        answer = self._client.delete_item(TableName=self._table, Key=encode(key_of(number)), ReturnValues="ALL_OLD")
        return "Attributes" in answer

    def _entries_of(self, prefix: str) -> Iterator[Item]:
        paginator = self._client.get_paginator("query")
        for shard in SHARDS:
            pages = paginator.paginate(
                TableName=self._table,
                KeyConditionExpression="id = :id",
                ExpressionAttributeValues=encode({":id": f"{prefix}{shard}"}),
                PaginationConfig={"PageSize": _PAGE},
            )
            for page in pages:
                yield from map(decode, page["Items"])

    def _in_parallel(self, work: Callable[[Any], int], batches: Iterable[Any]) -> Iterator[int]:
        """Do `work` with some batches at once, in their order; few are in memory at any time."""
        with ThreadPoolExecutor(_WRITERS) as pool:
            running: deque[Future[int]] = deque()
            try:
                for batch in batches:
                    running.append(pool.submit(work, batch))
                    if len(running) >= _AHEAD:
                        yield running.popleft().result()
                while running:
                    yield running.popleft().result()
            finally:
                for each in running:
                    each.cancel()


def _batches(each: Iterable[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(each)
    while batch := list(islice(iterator, size)):
        yield batch
