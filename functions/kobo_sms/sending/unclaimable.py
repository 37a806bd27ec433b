"""What becomes of a message whose part is not to be claimed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kobo_sms.aws.queues import Message, Queues
from kobo_sms.campaigns.left_out import LeftOutNotes, left_out_of
from kobo_sms.messages.parts import PART, ROOT, Part
from kobo_sms.sending.attempts import Busy, IdempotencyConflict, NothingToClaim, OtherRelease
from kobo_sms.sending.dead_letters import DeadLetters
from kobo_sms.sending.decisions import is_too_late
from kobo_sms.sending.result import SendResult, result_of
from kobo_sms.sending.returns import Returns

# How long a message stays away whose part only another release can go on with.
_OTHER_RELEASE_WAITS = 300
_CONFLICT = "id: used before for other content; choose another id"
# What a campaign says of its messages that came to nothing.
_ID_TAKEN = "its id was used before, for other content"
_SENT_BEFORE = "its id was used before, for the same content, outside of this campaign"


class Unclaimable:
    """Sees to messages without a claim. Errors of AWS pass through: the message comes back."""

    def __init__(
        self,
        queues: Queues,
        dead_letters: DeadLetters,
        returns: Returns,
        left_out: LeftOutNotes,
        clock: Callable[[], float],
    ) -> None:
        self._queues = queues
        self._dead_letters = dead_letters
        self._returns = returns
        self._left_out = left_out
        self._clock = clock

    def settle(self, message: Message, part: Part, found: NothingToClaim, now: float) -> SendResult:
        """Do with a message what follows from why its part cannot be claimed."""
        if isinstance(found, IdempotencyConflict):
            return self._refuse_content(message, part)
        if isinstance(found, Busy):
            return self._returns.give_back(message, result_of("busy", part), max(1, round(found.until - now) + 1))
        if isinstance(found, OtherRelease):
            return self._leave_to_other_release(message, part, found, now)
        if found.smaller:
            self._queues.put_parts(message.lane, found.smaller)
        elif found.campaign != part.request.campaign:
            self.note_left_out(message, _SENT_BEFORE)
        return result_of("duplicate", part)

    def note_left_out(self, message: Message, reason: str) -> None:
        """Have the message's campaign, if it has one, not wait for a part that never comes to be."""
        left_out = left_out_of(message.body, message.attributes.get(PART) or ROOT)
        if left_out is not None:
            self._left_out.put(left_out, reason, self._clock())

    def _leave_to_other_release(self, message: Message, part: Part, found: OtherRelease, now: float) -> SendResult:
        reason = f"the table has it as {found.state}, which only another release of this software knows"
        if is_too_late(part, now):
            self._dead_letters.put_invalid(message, reason, part.request.id)
            return replace(result_of("invalid", part), reason=reason, dead=True)
        busy = replace(result_of("busy", part), reason=reason)
        return self._returns.give_back(message, busy, _OTHER_RELEASE_WAITS, part)

    def _refuse_content(self, message: Message, part: Part) -> SendResult:
        self._dead_letters.put_invalid(message, _CONFLICT, part.request.id)
        self.note_left_out(message, _ID_TAKEN)
        return SendResult("invalid", request_id=part.request.id, reason=_CONFLICT, dead=True)
