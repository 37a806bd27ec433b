"""Notes of the numbers that a delivery report called do-not-disturb, for `kobo optout suggest`.

publish_status writes them as it learns of each such report from the table's stream: one write of a small item a report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from kobo_sms.aws.batch_write import put_all
from kobo_sms.table import Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DoNotDisturbNotes:
    """Writes notes; writing them again changes nothing. Errors of DynamoDB pass through."""

    def __init__(self, client: DynamoDBClient, table: str, pause: Callable[[float], None]) -> None:
        self._client = client
        self._table = table
        self._pause = pause

    def add(self, notes: Iterable[Item]) -> None:
        """Write notes.

        Raises
        ------
        NotWritten
            when DynamoDB keeps refusing some for now.
        """
        # A number may stand in several parts, and BatchWriteItem takes none twice.
        each_once = {(note["id"], note["part"]): note for note in notes}
        put_all(self._client, self._table, each_once.values(), self._pause)
