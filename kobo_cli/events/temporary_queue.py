"""A queue that gets a stack's status events for as long as somebody looks.

A tag of the queue tells when its owner was last there: by it `leftovers` knows what a killed run has left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from kobo_cli.errors import CliError
from kobo_cli.events.documents import Document, detail_of
from kobo_cli.events.rule_and_queue import SEEN_TAG, Clients, is_gone, make, new_name, pattern, remove

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

SEEN_EVERY_SECONDS = 300.0
# SQS: the longest wait of one call, and the most messages that it returns.
_WAIT_SECONDS, _MOST = 20, 10


@dataclass
class TemporaryQueue:
    """The queue while it is there; `clock` returns epoch seconds."""

    sqs: SQSClient
    url: str
    clock: Callable[[], float]
    _seen: float = field(init=False)

    def __post_init__(self) -> None:
        self._seen = self.clock()

    def take(self) -> list[Document | None]:
        """Wait for events, and return the documents of those that came, None for what is no event. It may be none.

        Raises
        ------
        CliError
            when somebody has removed the queue.
        """
        try:
            self._show_presence()
            return [detail_of(body) for body in self._bodies()]
        except ClientError as error:
            if not is_gone(error):
                raise
            raise CliError(f"the queue of this run is gone ({self.url}): events have been missed") from error

    def _bodies(self) -> list[str]:
        answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=_MOST, WaitTimeSeconds=_WAIT_SECONDS)
        messages = answer.get("Messages", [])
        if messages:
            # What cannot be deleted comes again; it is told once all the same.
            self.sqs.delete_message_batch(
                QueueUrl=self.url,
                Entries=[{"Id": str(at), "ReceiptHandle": each["ReceiptHandle"]} for at, each in enumerate(messages)],
            )
        return [message["Body"] for message in messages]

    def _show_presence(self) -> None:
        if self.clock() - self._seen >= SEEN_EVERY_SECONDS:
            self._seen = self.clock()
            self.sqs.tag_queue(QueueUrl=self.url, Tags={SEEN_TAG: f"{self._seen:.0f}"})


@contextmanager
def temporary_queue(
    clients: Clients, stack: str, reference: str | None, clock: Callable[[], float]
) -> Iterator[TemporaryQueue]:
    """Have the status events of a stack brought to a queue; rule and queue are removed on leaving, in whatever way.

    `reference`: only those whose reference begins so. Errors of AWS pass through.

    Raises
    ------
    CliError
        when the rule or the queue could not be removed.
    """
    name, before = new_name(clock()), ""
    try:
        url = make(clients, name, pattern(stack, reference), clock())
        yield TemporaryQueue(clients.sqs, url, clock)
    except (BotoCoreError, ClientError) as error:
        before = f"{error}; and "
        raise
    finally:
        try:
            remove(clients, name)
        except (BotoCoreError, ClientError) as error:
            raise CliError(f"{before}the rule and the queue {name} could not be removed: {error}") from error
