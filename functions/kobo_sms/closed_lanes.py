"""The queue of a closed lane: a few messages let through to try, those that became too old handed to send_sms.

Both go through send_sms itself, invoked with the records that its event source mapping would have brought.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kobo_sms.decisions import DEAD_AFTER
from kobo_sms.errors import KoboSmsError
from kobo_sms.queues import QUEUED_AT
from kobo_sms.sqs_records import make_record

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_TRIAL_SIZE = 3
# Longer than send_sms runs (template.yaml): nobody else gets a message that it is working on.
_TRIAL_VISIBILITY = 90
# A sweep sees a message once; should the valve open meanwhile, it is not kept for long.
_SWEEP_VISIBILITY = 300


class TrialFailed(KoboSmsError):
    """send_sms itself died of a trial: what it held comes back by itself."""


@dataclass(frozen=True)
class Trial:
    """How the records fared that were let through: how many were tried, KoboMobile `accepted`, or met a symptom;
    `waiting`: how many more the queue holds."""

    tried: int
    accepted: int
    failed: int
    waiting: int


class ClosedLanes:
    """`queues` maps lanes to their URLs; `function` names send_sms."""

    def __init__(
        self,
        sqs: SQSClient,
        functions: LambdaClient,
        function: str,
        queues: Mapping[str, str],
        clock: Callable[[], float],
    ) -> None:
        self._sqs = sqs
        self._functions = functions
        self._function = function
        self._queues = queues
        self._clock = clock

    def waiting(self, lane: str) -> int:
        """Return about how many messages the lane's queue holds, those out to be tried again among them."""
        attributes = self._attributes(lane)
        return sum(int(count) for name, count in attributes.items() if name.startswith("ApproximateNumberOfMessages"))

    def try_some(self, lane: str) -> Trial:
        """Let a few records of `lane` through to KoboMobile.

        Raises
        ------
        TrialFailed
            when send_sms does not answer.
        """
        received = self._receive(lane, _TRIAL_SIZE, _TRIAL_VISIBILITY)
        answer = self._hand_over(lane, received) if received else {}
        accepted, failed = int(answer.get("accepted", 0)), int(answer.get("failed", 0))
        return Trial(len(received), accepted, failed, self.waiting(lane))

    def sweep(self, lane: str, deadline: float) -> int:
        """Hand the messages of `lane` that are too old to send_sms, which gives them up; return how many.

        Looks at all messages of the queue until `deadline` (epoch seconds); none of them is called for.
        """
        swept = 0
        while self._clock() < deadline:
            received = self._receive(lane, 10, _SWEEP_VISIBILITY)
            if not received:
                break
            if old := [message for message in received if self._clock() - _queued_at(message) >= DEAD_AFTER]:
                self._hand_over(lane, old)
                swept += len(old)
        return swept

    def _receive(self, lane: str, count: int, visibility: int) -> Sequence[MessageTypeDef]:
        answer = self._sqs.receive_message(
            QueueUrl=self._queues[lane],
            MaxNumberOfMessages=count,
            VisibilityTimeout=visibility,
            # Long polling asks all of SQS's servers; short polling may find nothing in a queue that is not empty.
            WaitTimeSeconds=1,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return answer.get("Messages", [])

    def _hand_over(self, lane: str, received: Sequence[MessageTypeDef]) -> dict[str, Any]:
        arn = self._attributes(lane)["QueueArn"]
        records = [make_record(message, arn) for message in received]
        payload = json.dumps({"Records": records, "trial": True})
        answer = self._functions.invoke(FunctionName=self._function, Payload=payload)
        if "FunctionError" in answer:
            raise TrialFailed(f"send_sms: {answer['FunctionError']}")
        response: dict[str, Any] = json.loads(answer["Payload"].read())
        staying = {each["itemIdentifier"] for each in response["batchItemFailures"]}
        for message in received:
            if message["MessageId"] not in staying:
                self._sqs.delete_message(QueueUrl=self._queues[lane], ReceiptHandle=message["ReceiptHandle"])
        return response

    def _attributes(self, lane: str) -> dict[str, str]:
        answer = self._sqs.get_queue_attributes(QueueUrl=self._queues[lane], AttributeNames=["All"])
        return {str(name): value for name, value in answer["Attributes"].items()}


def _queued_at(message: MessageTypeDef) -> float:
    ours = message.get("MessageAttributes", {}).get(QUEUED_AT)
    return float(ours["StringValue"]) if ours else float(message["Attributes"]["SentTimestamp"]) / 1000
