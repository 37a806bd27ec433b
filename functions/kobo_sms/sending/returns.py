"""Giving a queue message back: it stays on its queue, and comes back after a while."""

from __future__ import annotations

from dataclasses import replace

from kobo_sms.aws.queues import Message, Queues
from kobo_sms.messages.parts import Part
from kobo_sms.sending.result import SendResult

# SQS takes away what it has handed out 1,000 times (template.yaml); who waits for credit may wait for longer than that.
_MOST_RECEIVES = 900


class Returns:
    """Gives messages back. Errors of SQS pass through."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues

    def give_back(self, message: Message, result: SendResult, seconds: int, part: Part | None = None) -> SendResult:
        """Have the message come back after `seconds`; with `part`, as a new one once SQS has handed it out often."""
        if part is not None and is_put_again(message):
            self._queues.put_again(message, part)
            return result
        self._queues.return_after(message, seconds)
        return replace(result, returns_after=seconds)


def is_put_again(message: Message) -> bool:
    """Tell whether SQS has handed the message out so often that it is queued anew instead of given back."""
    return message.receives >= _MOST_RECEIVES
