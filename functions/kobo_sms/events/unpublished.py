"""The queue of changes that could not be published, so that none vanishes in silence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class Unpublished:
    """Keeps what is to be said of a change that nobody could publish. Errors of SQS pass through."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def keep(self, request_id: str, part: str, sequence: str, error: str, detail: str | None) -> None:
        """Keep a note of a change: its part, its place in the stream, why, and the event if one could be made."""
        event = json.loads(detail) if detail else None
        note = {"id": request_id, "part": part, "sequence": sequence, "error": error, "event": event}
        self._client.send_message(QueueUrl=self._url, MessageBody=json.dumps(note, ensure_ascii=False))
