"""Execution environments of a Lambda function, and the event source mapping that keeps them busy."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from hashlib import md5
from pathlib import Path
from typing import Any

_WORKER = Path(__file__).with_name("lambda_worker.py")
_QUEUE_ARN = "arn:aws:sqs:eu-west-1:123456789012:"
# SQS tells in milliseconds when a message was queued; these were just now, whenever that is.
Attributes = Mapping[str, Any]


@dataclass(frozen=True)
class QueueMessage:
    """A message as an event source mapping hands it out; `queue` is the queue's name."""

    id: str
    body: str
    queue: str
    sent_at: float
    attributes: Attributes
    receives: int = 1

    def record(self) -> dict[str, Any]:
        """Return it as a record of an event."""
        milliseconds = str(round(self.sent_at * 1000))
        return {
            "messageId": self.id,
            "receiptHandle": self.id,
            "body": self.body,
            "attributes": {
                "ApproximateReceiveCount": str(self.receives),
                "SentTimestamp": milliseconds,
                "SenderId": "AIDAEXAMPLE",
                "ApproximateFirstReceiveTimestamp": milliseconds,
            },
            "messageAttributes": {name: _attribute(each) for name, each in self.attributes.items()},
            "md5OfBody": md5(self.body.encode()).hexdigest(),
            "eventSource": "aws:sqs",
            "eventSourceARN": _QUEUE_ARN + self.queue,
            "awsRegion": "eu-west-1",
        }


class Environment:
    """One process in which the function runs, an event at a time."""

    def __init__(self, process: subprocess.Popen[bytes], channel: socket.socket) -> None:
        self.pid = process.pid
        self._lines = channel.makefile("rwb")
        if not self._lines.readline():
            raise RuntimeError("the function does not start")

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """Return what the function answers."""
        self._lines.write(json.dumps(event).encode() + b"\n")
        self._lines.flush()
        return json.loads(self._lines.readline())

    def hand_over(self, messages: Sequence[QueueMessage]) -> list[str]:
        """Invoke it with a batch; return the ids of the messages that come back."""
        answer = self.invoke({"Records": [message.record() for message in messages]})
        return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


@contextmanager
def running_fleet(module: str, count: int, environment: Mapping[str, str]) -> Iterator[list[Environment]]:
    """Run a function's module in so many execution environments, until the context ends."""
    with ExitStack() as stack:
        started = [stack.enter_context(_running(module, environment)) for _ in range(count)]
        # They start side by side; each is ready once it says so.
        yield [Environment(process, channel) for process, channel in started]


@contextmanager
def _running(module: str, environment: Mapping[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], socket.socket]]:
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-P", str(_WORKER), str(theirs.fileno()), module]
    # What it logs costs it a write, as in Lambda, and nobody reads it.
    process = subprocess.Popen(command, env=dict(environment), stdout=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
    theirs.close()
    with process, ours:
        yield process, ours
        ours.shutdown(socket.SHUT_RDWR)


class Backlog:
    """What is on the queues, shared by the threads that hand it out; empty once nothing is under way either."""

    def __init__(self, messages: Iterable[QueueMessage]) -> None:
        self._ready = deque(messages)
        self._under_way = 0
        self._changed = threading.Condition()

    def take(self, most: int) -> list[QueueMessage]:
        """Return up to `most` messages, none when all is done; waits while others may still come back."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or not self._under_way)
            taken = [self._ready.popleft() for _ in range(min(most, len(self._ready)))]
            self._under_way += len(taken)
            return taken

    def settle(self, taken: Sequence[QueueMessage], back: Iterable[str], new: Iterable[QueueMessage]) -> None:
        """Say what became of a batch: which of it come back, and what was queued meanwhile."""
        returning = set(back)
        with self._changed:
            self._under_way -= len(taken)
            self._ready.extend(new)
            self._ready.extend(replace(each, receives=each.receives + 1) for each in taken if each.id in returning)
            self._changed.notify_all()


def drain(
    fleet: Sequence[Environment],
    messages: Iterable[QueueMessage],
    batch: int,
    queued: Callable[[], Iterable[QueueMessage]],
) -> None:
    """Hand out `messages`, `batch` at a time, and all that the function itself queues, until all is done.

    What comes back is handed out again at once, without the wait that its visibility time-out would make it.
    """
    backlog = Backlog(messages)

    def keep_busy(environment: Environment) -> None:
        while taken := backlog.take(batch):
            back = environment.hand_over(taken)
            backlog.settle(taken, back, queued())

    with ThreadPoolExecutor(len(fleet)) as pool:
        list(pool.map(keep_busy, fleet))


def _attribute(sent: Mapping[str, str]) -> dict[str, Any]:
    return {
        "stringValue": sent["StringValue"],
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": sent["DataType"],
    }
