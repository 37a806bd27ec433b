"""What nobody can send: put on the dead-letter queue, with message attributes that say why."""

from __future__ import annotations

from kobo_sms.aws.queues import Message, Queues
from kobo_sms.messages.parts import NAMES, Part, write_attributes
from kobo_sms.messages.request import conceal
from kobo_sms.sending.decisions import Decision


class DeadLetters:
    """Dead-letters messages. Errors of SQS pass through."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues

    def put(self, message: Message, part: Part, decision: Decision, answer: str) -> None:
        """Dead-letter a part that is given up; `answer` names KoboMobile's last one."""
        # First what tells which part it is, then what people need most.
        notes = write_attributes(part) | {
            "Lane": message.lane.value,
            "Reason": decision.reason,
            "RequestId": part.request.id,
            "Attempts": str(decision.attempts),
            "LastAnswer": answer,
        }
        self._queues.dead_letter(conceal(message.body), notes)

    def put_invalid(self, message: Message, reason: str, request_id: str = "") -> None:
        """Dead-letter a message that is no request that can be sent."""
        notes = {"Lane": message.lane.value, "Reason": reason, "RequestId": request_id}
        # Last, as they may be anything.
        notes |= {name: value for name in NAMES if (value := message.attributes.get(name)) is not None}
        self._queues.dead_letter(conceal(message.body), notes)
