"""The queue of a closed lane: a few messages let through to try, those that became too old handed to send_sms.

Both go through send_sms itself, invoked with the records that its event source mapping would have brought.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from kobo_sms.aws.received_messages import make_record, queued_at
from kobo_sms.errors import InvalidRequest, ProbeFailed
from kobo_sms.messages.compact_json import size
from kobo_sms.messages.lanes import DEAD_AFTER, Lane
from kobo_sms.runtime import Deadline

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_PROBE_SIZE = 3
# Longer than send_sms runs (template.yaml): nobody else gets a message that it is working on.
_PROBE_VISIBILITY = 90
# Lambda: at most 6 MB of payload in a synchronous invocation, and a body may be twice as long there as a JSON string.
_TOGETHER = 2_500_000
# A sweep sees a message once; should it die, nothing is kept for long.
_SWEEP_VISIBILITY = 300
# SQS gives ten at the most, and takes as many in one call.
_MOST_AT_ONCE = 10
# So many of the messages that a sweep has looked at are put back at its end; those before come back by themselves, as
# to remember all of a long queue would take more memory than there is.
_MOST_PUT_BACK = 1000


@dataclass(frozen=True)
class Probe:
    """How the records fared that were let through: how many were tried, KoboMobile `accepted`, refused for lack of
    credit (`no_credit`) or for a reason of their own (`answered`), or failed with another symptom; `waiting`: how many
    more the queue holds."""

    tried: int
    accepted: int
    no_credit: int
    answered: int
    failed: int
    waiting: int


@dataclass(frozen=True)
class Swept:
    """What a sweep came to: whether it has looked at the `whole` queue, and how many messages were too `old`."""

    whole: bool
    old: int


class ClosedLanes:
    """`queues` maps lanes to their URLs; `function` names send_sms."""

    def __init__(
        self,
        sqs: SQSClient,
        functions: LambdaClient,
        function: str,
        queues: Mapping[Lane, str],
        clock: Callable[[], float],
    ) -> None:
        self._sqs = sqs
        self._functions = functions
        self._function = function
        self._queues = queues
        self._clock = clock

    def waiting(self, lane: Lane) -> int:
        """Return about how many messages the lane's queue holds, those out to be tried again among them."""
        attributes = self._attributes(lane)
        return sum(int(count) for name, count in attributes.items() if name.startswith("ApproximateNumberOfMessages"))

    def probe(self, lane: Lane) -> Probe:
        """Let a few records of `lane` through to KoboMobile.

        Raises
        ------
        ProbeFailed
            when send_sms does not answer.
        """
        received = self._receive(lane, _PROBE_SIZE, _PROBE_VISIBILITY)
        counted = self._hand_over(lane, received) if received else Counter[str]()
        fared = {name: counted[name] for name in ("accepted", "answered", "failed")}
        # `poor` is what the release before this one calls it.
        fared["no_credit"] = counted["no_credit"] + counted["poor"]
        return Probe(tried=len(received), waiting=self.waiting(lane), **fared)

    def sweep(self, lane: Lane, deadline: Deadline) -> Swept:
        """Hand the messages of `lane` that are too old, or whose age cannot be told, to send_sms, which gives them up
        without calling KoboMobile.

        Once the whole queue was looked at, the last of the others are put back, in case the lane opens. What is kept in
        memory does not grow with the queue.
        """
        looked_at: deque[str] = deque(maxlen=_MOST_PUT_BACK)
        found = 0
        received = None
        while received != [] and not deadline.passed:
            received = self._receive(lane, _MOST_AT_ONCE, _SWEEP_VISIBILITY)
            old = [message for message in received if self._is_to_end(message)]
            looked_at.extend(message["ReceiptHandle"] for message in received if message not in old)
            found += len(old)
            if old:
                self._hand_over(lane, old)
        if received == []:
            self._put_back(lane, looked_at, deadline)
        return Swept(whole=received == [], old=found)

    def _is_to_end(self, message: MessageTypeDef) -> bool:
        try:
            return self._clock() - queued_at(message) >= DEAD_AFTER
        except InvalidRequest:
            return True

    def _put_back(self, lane: Lane, handles: Collection[str], deadline: Deadline) -> None:
        left = iter(handles)
        while (some := list(islice(left, _MOST_AT_ONCE))) and not deadline.passed:
            self._sqs.change_message_visibility_batch(
                QueueUrl=self._queues[lane],
                Entries=[
                    {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": 0}
                    for number, handle in enumerate(some)
                ],
            )

    def _receive(self, lane: Lane, count: int, visibility: int) -> list[MessageTypeDef]:
        answer = self._sqs.receive_message(
            QueueUrl=self._queues[lane],
            MaxNumberOfMessages=count,
            VisibilityTimeout=visibility,
            # Long polling asks all of SQS's servers; short polling may find nothing in a queue that is not empty.
            WaitTimeSeconds=1,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return list(answer.get("Messages", []))

    def _hand_over(self, lane: Lane, received: Sequence[MessageTypeDef]) -> Counter[str]:
        """Have send_sms process messages; return what it counted."""
        arn = self._attributes(lane)["QueueArn"]
        small = sum(size(message["Body"]) for message in received) <= _TOGETHER
        counted: Counter[str] = Counter()
        for group in [received] if small else [[message] for message in received]:
            response = self._invoke([make_record(message, arn) for message in group])
            staying = {each["itemIdentifier"] for each in response.pop("batchItemFailures")}
            for message in group:
                if message["MessageId"] not in staying:
                    self._sqs.delete_message(QueueUrl=self._queues[lane], ReceiptHandle=message["ReceiptHandle"])
            counted.update({name: count for name, count in response.items() if isinstance(count, int)})
        return counted

    def _invoke(self, records: Sequence[dict[str, Any]]) -> dict[str, Any]:
        payload = json.dumps({"Records": records, "probe": True}, ensure_ascii=False)
        answer = self._functions.invoke(FunctionName=self._function, Payload=payload.encode())
        if "FunctionError" in answer:
            raise ProbeFailed(f"send_sms: {answer['FunctionError']}")
        response: dict[str, Any] = json.loads(answer["Payload"].read())
        return response

    def _attributes(self, lane: Lane) -> dict[str, str]:
        answer = self._sqs.get_queue_attributes(QueueUrl=self._queues[lane], AttributeNames=["All"])
        return {str(name): value for name, value in answer["Attributes"].items()}
