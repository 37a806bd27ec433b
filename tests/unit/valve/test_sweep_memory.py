"""A sweep of a long queue: what it keeps in memory, how it hands over, what it puts back."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from kobo_sms.messages.lanes import DEAD_AFTER, Lane
from kobo_sms.runtime import Deadline
from kobo_sms.valve.closed_lanes import ClosedLanes

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

NOW, DAY = 1_800_000_000.0, 86_400
MEGABYTE = 1 << 20
_ARN = "arn:aws:sqs:eu-west-1:123456789012:bulk"


@dataclass
class LongQueue:
    """A queue of `length` messages, each made when it is received; every `old_every`th one is too old."""

    length: int
    old_every: int = 0
    seen: int = 0
    put_back: list[str] = field(default_factory=list)
    deleted: int = 0

    def receive_message(self, **asked: Any) -> dict[str, Any]:
        until = min(self.seen + int(asked["MaxNumberOfMessages"]), self.length)
        found = [self._message(at) for at in range(self.seen, until)]
        self.seen = until
        return {"Messages": found} if found else {}

    def _message(self, at: int) -> dict[str, Any]:
        age = DEAD_AFTER + 60 if self.old_every and at % self.old_every == 0 else DAY
        sent = str(int((NOW - age) * 1000))
        # As long as those of SQS.
        handle = f"{at:09}".ljust(400, "A")
        body = json.dumps({"to": "2348030100001", "msg": "x" * 900, "at": at})
        return {"MessageId": str(at), "ReceiptHandle": handle, "Body": body, "Attributes": {"SentTimestamp": sent}}

    def change_message_visibility_batch(self, **asked: Any) -> dict[str, Any]:
        assert {entry["VisibilityTimeout"] for entry in asked["Entries"]} == {0}
        self.put_back += [entry["ReceiptHandle"][:9] for entry in asked["Entries"]]
        return {}

    def delete_message(self, **_: Any) -> None:
        self.deleted += 1

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {"Attributes": {"QueueArn": _ARN}}


@dataclass
class SendSms:
    """Gives up whatever it is handed."""

    batches: list[int] = field(default_factory=list)

    def invoke(self, **asked: Any) -> dict[str, Any]:
        self.batches.append(len(json.loads(asked["Payload"])["Records"]))
        return {"Payload": io.BytesIO(b'{"batchItemFailures": []}')}


def lanes(queue: LongQueue, send_sms: SendSms) -> ClosedLanes:
    sqs, functions = cast("SQSClient", queue), cast("LambdaClient", send_sms)
    return ClosedLanes(sqs, functions, "send-sms", {lane: lane for lane in Lane}, lambda: NOW)


def sweep_with_peak(queue: LongQueue, send_sms: SendSms) -> int:
    """Sweep the queue as a whole; return the most memory that it took, in bytes."""
    swept_lanes = lanes(queue, send_sms)
    tracemalloc.start()
    try:
        assert swept_lanes.sweep(Lane.BULK, Deadline(NOW + 50, lambda: NOW)).whole
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_10_000_messages_take_no_more_memory_than_a_thousand() -> None:
    assert sweep_with_peak(LongQueue(10_000), SendSms()) < 2 * MEGABYTE


def test_what_is_too_old_is_handed_over_ten_at_a_time_and_deleted() -> None:
    queue, send_sms = LongQueue(200, old_every=1), SendSms()
    swept = lanes(queue, send_sms).sweep(Lane.BULK, Deadline(NOW + 50, lambda: NOW))
    assert (swept.whole, swept.old, queue.deleted) == (True, 200, 200)
    assert send_sms.batches == [10] * 20
    assert queue.put_back == []


def test_a_short_queue_is_put_back_as_a_whole_and_of_a_long_one_the_last_thousand() -> None:
    for length, first in ((95, 0), (5000, 4000)):
        queue = LongQueue(length)
        lanes(queue, SendSms()).sweep(Lane.BULK, Deadline(NOW + 50, lambda: NOW))
        assert queue.put_back == [f"{at:09}" for at in range(first, length)]


def test_a_sweep_that_runs_out_of_time_says_what_it_found() -> None:
    times: Iterator[float] = iter(NOW + at / 10 for at in range(1000))
    queue = LongQueue(100_000, old_every=10)
    swept = lanes(queue, SendSms()).sweep(Lane.BULK, Deadline(NOW + 5, lambda: next(times)))
    assert not swept.whole
    assert 0 < swept.old == queue.deleted < 1000
    assert queue.put_back == []
