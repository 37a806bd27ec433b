"""The dead-letter queue: looked through without losing, reordering or hiding anything for long.

SQS shows a queue only by handing messages out: at most ten at a time, in any order, some twice, and hidden from others
meanwhile. So what was only looked at is given back at once; after a kill it comes back by itself. SQS counts each look
as a receive, which does no harm: the dead-letter queue has no redrive of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from kobo_cli.dead.letters import Letter
from kobo_sms.aws.queues import lane_of
from kobo_sms.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

    from kobo_sms.messages.lanes import Lane

# Seconds for which a letter is hidden at the most, and for which new letters are looked for.
HIDDEN, LOOK_FOR = 120, 60.0
# So many receives in a row that bring nothing new mean that all was seen.
QUIET = 3
# What a receive waits for: then SQS asks all its servers ("Amazon SQS short and long polling").
WAIT = 1
WIDTH = 8
_BATCH = 10


@dataclass(frozen=True)
class DeadLetterQueue:
    """The queue at `url`; `lanes` tells the URL of each lane's queue. Errors of SQS pass through.

    `hidden`: for how many seconds others do not see what was received; `wait`: how long a receive waits for letters;
    `width`: how many receives, or letters, are worked at at once.
    """

    client: SQSClient
    url: str
    lanes: Mapping[Lane, str]
    hidden: int = HIDDEN
    wait: int = WAIT
    width: int = WIDTH

    def receive(self) -> list[Letter]:
        """Take up to ten letters; they are hidden from others until they are given back or deleted."""
        answer = self.client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=_BATCH,
            VisibilityTimeout=self.hidden,
            WaitTimeSeconds=self.wait,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return [self._letter(message) for message in answer.get("Messages", [])]

    def give_back(self, handles: Sequence[str]) -> int:
        """Make up to ten letters visible again; return how many SQS refused: they come back by themselves."""
        entries: list[Any] = [
            {"Id": str(at), "ReceiptHandle": handle, "VisibilityTimeout": 0} for at, handle in enumerate(handles)
        ]
        answer = self.client.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)
        return len(answer.get("Failed", []))

    def delete(self, letter: Letter) -> None:
        """Delete a letter."""
        self.client.delete_message(QueueUrl=self.url, ReceiptHandle=letter.handle)

    def attributes(self) -> dict[str, str]:
        """Return what SQS says of the queue."""
        answer = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])
        return {str(name): value for name, value in answer["Attributes"].items()}

    def retention(self) -> float:
        """Return for how many seconds SQS keeps a letter."""
        return float(self.attributes()["MessageRetentionPeriod"])

    def _letter(self, message: MessageTypeDef) -> Letter:
        texts = {name: each.get("StringValue") for name, each in message.get("MessageAttributes", {}).items()}
        known: dict[str, str] = {str(name): value for name, value in message.get("Attributes", {}).items()}
        return Letter(
            message_id=message["MessageId"],
            handle=message["ReceiptHandle"],
            body=message["Body"],
            notes={name: text for name, text in texts.items() if text is not None},
            sent_at=float(known.get("SentTimestamp", 0)) / 1000,
            receives=int(known.get("ApproximateReceiveCount", 1)),
            source=self._lane_of(known.get("DeadLetterQueueSourceArn")),
        )

    def _lane_of(self, source: str | None) -> Lane | None:
        try:
            return lane_of(source, self.lanes) if source else None
        except ConfigurationError:
            return None


class Look:
    """One look through the queue: each letter once, all of them hidden until the look ends.

    `complete`: the queue had nothing more to show; `late`: so many letters could not be given back at once.
    """

    def __init__(self, queue: DeadLetterQueue, pool: ThreadPoolExecutor, clock: Callable[[], float]) -> None:
        self.seen: set[str] = set()
        self.complete = False
        self.late = 0
        self._queue = queue
        self._pool = pool
        self._clock = clock
        self._until = clock() + LOOK_FOR
        # Handles by message id: not the letters, of which there may be too many.
        self._held: dict[str, str] = {}
        self._under_way: Sequence[Future[Any]] = ()

    def __iter__(self) -> Iterator[list[Letter]]:
        """Yield new letters, some at a time, until several receives in a row bring none."""
        quiet = 0
        while quiet < QUIET and self._clock() < self._until:
            new = {letter.message_id: letter for letter in self._receive() if letter.message_id not in self.seen}
            self.seen |= new.keys()
            quiet = 0 if new else quiet + self._queue.width
            if new:
                yield list(new.values())
        self.complete = quiet >= QUIET

    def map(self, act: Callable[[Any], Any], things: Iterable[Any]) -> Iterator[Any]:
        """Do something for several things at once; return the results in their order."""
        self._under_way = [self._pool.submit(act, thing) for thing in things]
        return (each.result() for each in self._under_way)

    def delete(self, letter: Letter) -> None:
        """Delete a letter; there is time to look for more again."""
        self._queue.delete(letter)
        self._held.pop(letter.message_id, None)
        self._until = self._clock() + LOOK_FOR

    def unseen(self) -> int:
        """Return about how many letters the queue holds that were not seen: hidden by others, or just come."""
        counts = (value for name, value in self._queue.attributes().items() if name.startswith("ApproximateNumber"))
        return max(0, sum(map(int, counts)) - len(self._held))

    def end(self) -> None:
        """Give back what is held; when the look was broken off, once what is under way is through."""
        for each in self._under_way:
            each.cancel()
        wait(self._under_way)
        held = iter(self._held.values())
        batches = list(iter(lambda: list(islice(held, _BATCH)), []))
        self.late = sum(self._pool.map(self._give_back, batches))

    def _receive(self) -> list[Letter]:
        return [letter for letters in self.map(self._take, range(self._queue.width)) for letter in letters]

    def _take(self, _at: int) -> list[Letter]:
        letters = self._queue.receive()
        # The newest handle counts, should SQS have handed a letter out twice.
        self._held.update((letter.message_id, letter.handle) for letter in letters)
        return letters

    def _give_back(self, handles: Sequence[str]) -> int:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return self._queue.give_back(handles)
        except (BotoCoreError, ClientError):
            return len(handles)


@contextmanager
def looking_through(queue: DeadLetterQueue, clock: Callable[[], float]) -> Iterator[Look]:
    """Look through the queue; at the end, Ctrl-C included, all that was not deleted is given back."""
    with ThreadPoolExecutor(queue.width) as pool:
        look = Look(queue, pool, clock)
        try:
            yield look
        finally:
            look.end()
