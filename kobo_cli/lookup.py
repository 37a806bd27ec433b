"""What was sent to a number, found by the look-up that publish_status writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kobo_cli.connection import Connection
from kobo_sms.aws.dynamodb import decode, encode
from kobo_sms.events.lookup import part_of, place_of
from kobo_sms.reports.store import ReportStore
from kobo_sms.table import LOOKUP_PREFIX

# One query and one BatchGetItem bring as many; a part has at most 400 kB, and one answer 16 MB.
_PAGE = 100


def parts_sent_to(connection: Connection, number: str, *, since: float, most: int) -> Iterator[dict[str, Any]]:
    """Yield the items of parts that a number is in, the newest first, queued at `since` (epoch seconds) or later.

    Two reads for each hundred entries, however large the table is. A part that has expired meanwhile is left out.
    """
    store = ReportStore(connection.dynamodb, connection.variables["KOBO_TABLE"], keep_seconds=0)
    for keys in _pages(connection, number, since, min(most, _PAGE)):
        yield from store.get_many(keys)


def _pages(connection: Connection, number: str, since: float, size: int) -> Iterator[list[tuple[str, str]]]:
    pages = connection.dynamodb.get_paginator("query").paginate(
        TableName=connection.variables["KOBO_TABLE"],
        KeyConditionExpression="id = :id AND part >= :since",
        ExpressionAttributeValues=encode({":id": f"{LOOKUP_PREFIX}{number}", ":since": place_of(since)}),
        ScanIndexForward=False,
        PaginationConfig={"PageSize": size},
    )
    for page in pages:
        yield [part_of(decode(entry)) for entry in page["Items"]]
