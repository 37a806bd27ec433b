from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kobo_sms.campaigns.lane_filling import MOST_A_SECOND_EACH, MOST_BYTES, LaneFilling
from kobo_sms.campaigns.lines import Line, read_line
from kobo_sms.errors import EnqueueFailed

CALLS_AT_ONCE = 10
MOST_WAITING = 2000


@dataclass
class FakeSQS:
    """Refuses a share of the entries for now, and those whose text says so for ever."""

    share: float = 0.0
    waiting: int = 0
    taken: list[str] = field(default_factory=list)
    calls: list[list[dict[str, Any]]] = field(default_factory=list)
    draws: random.Random = field(default_factory=lambda: random.Random(1))

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self.calls.append(Entries)
        assert len(Entries) <= 10
        assert len({entry["Id"] for entry in Entries}) == len(Entries)
        assert sum(len(entry["MessageBody"]) for entry in Entries) <= MOST_BYTES
        failed = []
        for entry in Entries:
            if "whole-call" in entry["MessageBody"]:
                raise ClientError({"Error": {"Code": "AWS.SimpleQueueService.BatchRequestTooLong"}}, "SendMessageBatch")
            if "never" in entry["MessageBody"]:
                failed.append({"Id": entry["Id"], "Code": "InvalidMessageContents", "SenderFault": True})
            elif self.draws.random() < self.share:
                failed.append({"Id": entry["Id"], "Code": "InternalError", "SenderFault": False})
            else:
                self.taken.append(json.loads(entry["MessageBody"])["id"])
        return {"Failed": failed} if failed else {}

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return {"Attributes": {names[0]: str(self.waiting), names[1]: "0"}}


@dataclass
class Lane:
    sqs: FakeSQS
    now: float = 1000.0
    pauses: list[float] = field(default_factory=list)

    def filling(self) -> LaneFilling:
        client: Any = self.sqs
        pool = ThreadPoolExecutor(1)
        return LaneFilling(client, "url", CALLS_AT_ONCE, pool, lambda: self.now, self.pauses.append)


def line(at: int, text: str = "Hello") -> Line:
    return read_line(
        json.dumps({"id": f"c:{at}", "campaign": "c", "to": ["+2348030100001"] * 3, "msg": text}).encode(), "c", at
    )


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5])
def test_each_request_is_taken_once_however_many_are_refused_for_now(share: float) -> None:
    lane = Lane(FakeSQS(share))
    assert lane.filling().put([line(at) for at in range(1, 101)], "c") == {}
    assert sorted(lane.sqs.taken) == sorted(f"c:{at}" for at in range(1, 101))
    assert all(entry["MessageGroupId"] == "c" for call in lane.sqs.calls for entry in call)


def test_what_is_refused_all_the_time_is_left_to_the_next_run() -> None:
    lane = Lane(FakeSQS(1.0))
    with pytest.raises(EnqueueFailed, match="10 requests 12 times"):
        lane.filling().put([line(at) for at in range(10)], "c")
    assert len(lane.sqs.calls) == 12
    assert sum(lane.pauses) < 12


def test_it_is_not_given_up_as_long_as_some_are_taken() -> None:
    """Of each second call one is taken: twenty calls for ten requests."""
    lane = Lane(FakeSQS())

    def take_one(*, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        lane.sqs.calls.append(Entries)
        refused = Entries if len(lane.sqs.calls) % 2 else Entries[1:]
        return {"Failed": [{"Id": entry["Id"], "Code": "InternalError"} for entry in refused]}

    lane.sqs.send_message_batch = take_one  # type: ignore[method-assign]
    assert lane.filling().put([line(at) for at in range(10)], "c") == {}
    assert len(lane.sqs.calls) == 20


@pytest.mark.parametrize("fault", ["never", "whole-call"])
def test_what_sqs_will_never_take_is_told_and_the_others_go_on(fault: str) -> None:
    lane = Lane(FakeSQS(0.3))
    lines = [line(1), line(2, fault), *(line(at) for at in range(3, 13))]
    refused = lane.filling().put(lines, "c")
    assert refused.keys() == {"c:2"}
    assert sorted(lane.sqs.taken) == sorted(f"c:{at}" for at in range(1, 13) if at != 2)


def test_what_is_too_large_is_not_even_tried() -> None:
    lane = Lane(FakeSQS())
    assert lane.filling().put([line(1, "x" * MOST_BYTES), line(2)], "c") == {"c:1": "larger than SQS takes"}
    assert lane.sqs.taken == ["c:2"]


def test_a_batch_is_no_larger_than_sqs_takes() -> None:
    lane = Lane(FakeSQS())
    lane.filling().put([line(at, "x" * (MOST_BYTES // 3)) for at in range(10)], "c")
    assert len(lane.sqs.taken) == 10


def test_an_error_that_concerns_all_passes_through() -> None:
    lane = Lane(FakeSQS())

    def refuse(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "SendMessageBatch")

    lane.sqs.send_message_batch = refuse  # type: ignore[method-assign]
    with pytest.raises(ClientError, match="AccessDenied"):
        lane.filling().put([line(1)], "c")


def test_there_is_room_for_some_tens_of_seconds() -> None:
    lane = Lane(FakeSQS())
    assert lane.filling().room() == MOST_WAITING
    lane.sqs.waiting = 1900
    assert lane.filling().room() == 100
    lane.sqs.waiting = 3000
    assert lane.filling().room() <= 0


def test_what_sqs_has_not_counted_yet_does_not_make_the_queue_long() -> None:
    """It still says that the queue is empty: no more is put there than could have been taken in that time."""
    lane = Lane(FakeSQS())
    filling = lane.filling()
    assert filling.room() == MOST_WAITING
    lane.now += 1.0
    assert filling.room() == CALLS_AT_ONCE * MOST_A_SECOND_EACH
