"""Notes of the numbers that a delivery report called do-not-disturb, for `kobo optout suggest`.

publish_status writes them as it learns of each such report from the table's stream: one write of a small item a report.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kobo_sms.aws.batch_write import put_all
from kobo_sms.optouts.entries import do_not_disturb_entries

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DoNotDisturbNotes:
    """Writes notes; writing them again changes nothing. Errors of DynamoDB pass through."""

    def __init__(self, client: DynamoDBClient, table: str, pause: Callable[[float], None]) -> None:
        self._client = client
        self._table = table
        self._pause = pause

    def take(self, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> None:
        """Note the numbers that the change of a part from `old` to `new` tells of.

        Raises
        ------
        NotWritten
            when DynamoDB keeps refusing some for now.
        """
        put_all(self._client, self._table, do_not_disturb_entries(old, new), self._pause)
