"""Requests put on a lane's queue, no more at a time than its send_sms carries in some tens of seconds.

What waits in the file can be stopped, paused and overtaken by another campaign; what is on the queue takes its turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from kobo_sms.campaigns.lines import Line
from kobo_sms.errors import EnqueueFailed

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

# SQS: at most 10 messages and 1 MiB in one SendMessageBatch.
_BATCH, MOST_BYTES = 10, 1 << 20
# send/ answers within 132 ms as a rule, so each of the calls made at once carries up to ten requests a second.
MOST_A_SECOND_EACH = 10.0
# How many seconds of that may wait on the queue.
_SECONDS_WAITING = 20.0
# What SQS refused is put again, until it has refused all of it so often in a row; the waits between, in seconds, are
# twice as long each time. A share of refusals then costs its share of the time.
_TRIES, _FIRST_WAIT, _LONGEST_WAIT = 12, 0.05, 1.0
# What SQS will refuse for ever ("SendMessage" in its API reference, errors).
_FOR_EVER = frozenset({"InvalidMessageContents", "InvalidParameterValue", "MessageTooLong", "BatchRequestTooLong"})


class LaneFilling:
    """Puts requests on one queue.

    Parameters
    ----------
    calls_at_once
        How many calls of send/ the lane makes at once.
    pool
        Makes calls of SQS side by side.
    pause
        Waits so many seconds.
    """

    def __init__(
        self,
        client: SQSClient,
        url: str,
        calls_at_once: int,
        pool: Executor,
        clock: Callable[[], float],
        pause: Callable[[float], None],
    ) -> None:
        self._client = client
        self._url = url
        self._most_a_second = calls_at_once * MOST_A_SECOND_EACH
        self._pool = pool
        self._clock = clock
        self._pause = pause
        self._looked_at: float | None = None

    @property
    def most_waiting(self) -> float:
        """How many messages are kept on the queue at the most, more or less."""
        return self._most_a_second * _SECONDS_WAITING

    def room(self) -> int:
        """Return how many requests may be put on the queue now.

        SQS's count trails what was put there by some seconds. So that the queue does not grow long meanwhile, no more
        is put there than the lane could have taken since the last look, but for the first time.
        """
        now, looked_at = self._clock(), self._looked_at
        self._looked_at = now
        taken = self.most_waiting if looked_at is None else (now - looked_at) * self._most_a_second
        return int(min(self.most_waiting - self._waiting(), taken))

    def _waiting(self) -> int:
        answer = self._client.get_queue_attributes(
            QueueUrl=self._url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
        return sum(int(count) for count in answer["Attributes"].values())

    def put(self, lines: Sequence[Line], group: str) -> dict[str, str]:
        """Put requests on the queue, as one message group: campaigns that share it take turns ("fair queues").

        Returns which will never be there, by id, and why: SQS does not take them, or they are not the campaign's.

        Raises
        ------
        EnqueueFailed
            when SQS keeps refusing some for now. Those before and after may be on the queue.
        """
        refused = {line.request_id: fault for line in lines if (fault := _fault_of(line))}
        batches = _batches([line for line in lines if not _fault_of(line)])
        for found in self._pool.map(lambda batch: self._put(batch, group), batches):
            refused |= found
        return refused

    def _put(self, batch: Sequence[Line], group: str) -> dict[str, str]:
        try:
            return self._put_until_taken(batch, group)
        except ClientError as error:
            code = _code(error.response.get("Error", {}))
            if code not in _FOR_EVER:
                raise
            if len(batch) == 1:
                return {batch[0].request_id: code}
        # One of them is to blame.
        return {id_: why for line in batch for id_, why in self._put([line], group).items()}

    def _put_until_taken(self, batch: Sequence[Line], group: str) -> dict[str, str]:
        left = {str(at): line for at, line in enumerate(batch)}
        refused: dict[str, str] = {}
        tries = 0
        while tries < _TRIES:
            entries = [_entry(name, line, group) for name, line in left.items()]
            failed = self._client.send_message_batch(QueueUrl=self._url, Entries=entries).get("Failed", [])
            codes = {each["Id"]: _code(each) for each in failed}
            refused |= {left[name].request_id: code for name, code in codes.items() if code in _FOR_EVER}
            rest = {name: left[name] for name, code in codes.items() if code not in _FOR_EVER}
            if not rest:
                return refused
            tries, left = tries + 1 if len(rest) == len(left) else 0, rest
            self._pause(min(_FIRST_WAIT * 2.0**tries, _LONGEST_WAIT))
        raise EnqueueFailed(f"SQS refused {len(left)} requests {_TRIES} times in a row")


def _entry(name: str, line: Line, group: str) -> SendMessageBatchRequestEntryTypeDef:
    return {"Id": name, "MessageBody": line.body, "MessageGroupId": group}


def _code(failure: Mapping[str, Any]) -> str:
    # Some are `AWS.SimpleQueueService.NAME`.
    return str(failure.get("Code", "")).rpartition(".")[2]


def _fault_of(line: Line) -> str | None:
    return "larger than SQS takes" if line.size > MOST_BYTES else line.fault


def _batches(lines: Sequence[Line]) -> Iterator[list[Line]]:
    batch: list[Line] = []
    size = 0
    for line in lines:
        if batch and (len(batch) == _BATCH or size + line.size > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += line.size
    if batch:
        yield batch
