"""Notes of the numbers that a delivery report called do-not-disturb, for `kobo optout suggest`.

publish_status writes them as it learns of each such report from the table's stream: one write of a small item a report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kobo_sms.aws.batch_write import put_all
from kobo_sms.optouts.entries import do_not_disturb_entries
from kobo_sms.table import Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DoNotDisturbNotes:
    """Writes notes; writing them again changes nothing. Errors of DynamoDB pass through."""

    def __init__(self, client: DynamoDBClient, table: str, pause: Callable[[float], None]) -> None:
        self._client = client
        self._table = table
        self._pause = pause

    def of(self, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> list[Item]:
        """Return the notes that follow from the change of a part."""
        return list(do_not_disturb_entries(old, new))

    def add(self, notes: Iterable[Item]) -> None:
        """Write notes.

        Raises
        ------
        NotWritten
            when DynamoDB keeps refusing some for now.
        """
        put_all(self._client, self._table, notes, self._pause)
