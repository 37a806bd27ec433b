"""What a retry or a drop would do with a dead letter, and why it would leave one where it is.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from kobo_cli.dead.letters import Content, Letter, read_content
from kobo_sms.messages import states
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.parts import Part
from kobo_sms.messages.states import State
from kobo_sms.sending.part_items import Fingerprints
from kobo_sms.sending.standing import Standing

_TRIED_AGAIN = states.OPEN | {State.FAILED, State.UNKNOWN}
OTHER_CONTENT = "its id stands for other content in the table; queue it under another id"
NO_LANE = "nothing says which lane it came from; say which with --lane"
EXPIRED = "its expires_at has passed"
TOO_OLD = "it was first tried 29 days ago: KoboMobile may have forgotten that; queue it under a new id"
BUSY = "an attempt at it is under way; look again in a minute"
SPLIT = "it was split, and of its smaller parts those that have ended are not sent again"
MAY_DOUBLE = "an attempt's answer was lost, so it may be sent a second time"
IN_DOUBT = "an attempt's answer was lost, so it may have been sent already; --yes-it-may-double sends it all the same"


class Step(Enum):
    """What is done about a letter."""

    REOPEN = "re-open its part, and put it back on its lane"
    QUEUE = "put it back on its lane"
    END = "end its part"
    END_UNCLAIMED = "record a part that ends"
    DELETE = "delete it"
    STAY = "leave it where it is"


@dataclass(frozen=True)
class Verdict:
    """What is to be done, and `why` where that is no matter of course; `part` and `lane` of what is put back."""

    step: Step
    why: str = ""
    part: Part | None = None
    lane: Lane | None = None

    @property
    def back(self) -> tuple[Lane, Part] | None:
        """What goes back on which lane, None when nothing does."""
        if self.step not in (Step.REOPEN, Step.QUEUE) or self.lane is None or self.part is None:
            return None
        return self.lane, self.part


@dataclass(frozen=True)
class Judge:
    """Judges letters of one stack.

    `fingerprints` and `region` are the stack's. `lane` is for letters of which nothing says where they came from;
    `may_double`: the operator takes upon himself that what is in doubt is sent twice.
    """

    fingerprints: Fingerprints
    region: str
    lane: Lane | None = None
    may_double: bool = False

    def retry(self, letter: Letter, standing: Standing | None, now: float) -> Verdict:
        """Return what a retry does at `now`, when the letter's part stands so (None: the table does not know it)."""
        content, lane = read_content(letter, self.region), letter.lane or self.lane
        if content.part is None:
            return Verdict(Step.STAY, content.problem)
        if standing is not None and not self.is_of(letter, content.part, standing):
            return Verdict(Step.STAY, OTHER_CONTENT)
        if standing is not None and standing.was_reopened_for(letter.message_id):
            # What an earlier retry began is finished, whatever has become true since: its part waits for a message.
            step, why = (Step.QUEUE, "") if standing.is_open else (Step.DELETE, "its retry is over")
        else:
            step, why = self._begin(content.part, standing, now)
        if step in (Step.REOPEN, Step.QUEUE) and lane is None:
            step, why = Step.STAY, NO_LANE
        return Verdict(step, why, content.part, lane)

    def drop(self, letter: Letter, standing: Standing | None, now: float) -> Verdict:
        """Return what dropping the letter does at `now`, when its part stands so."""
        content = read_content(letter, self.region)
        if standing is None:
            return _drop_unknown(content)
        if not self.is_of(letter, content.part, standing):
            # Somebody else's record is left alone.
            return Verdict(Step.DELETE, "the table has no record of it: its id stands for other content there")
        if not standing.is_open:
            return Verdict(Step.DELETE, f"its record stays as it is: {standing.state}")
        if standing.busy_until(now) is not None:
            return Verdict(Step.STAY, BUSY)
        return Verdict(Step.END)

    def is_of(self, letter: Letter, part: Part | None, standing: Standing) -> bool:
        """Tell whether the letter, which carries `part`, is of the part that stands under its id and name."""
        if part is None:
            # Without its text there is no telling but by what only a part that was given up has.
            return letter.is_concealed and letter.attempts is not None
        return self.fingerprints.match(part, standing.item)

    def _begin(self, part: Part, standing: Standing | None, now: float) -> tuple[Step, str]:
        """Return how the first retry of a letter begins, or why it is not to be made."""
        expires_at = part.request.expires_at
        if expires_at is not None and expires_at.timestamp() <= now:
            return Step.STAY, EXPIRED
        if standing is None:
            return Step.QUEUE, ""
        if standing.state == State.SPLIT:
            return Step.QUEUE, SPLIT
        if why := self._why_not(standing, now):
            return Step.STAY, why
        if standing.in_doubt:
            return Step.REOPEN, MAY_DOUBLE
        return (Step.QUEUE if standing.is_open else Step.REOPEN), ""

    def _why_not(self, standing: Standing, now: float) -> str:
        """Return why a part is not to be tried again, empty when nothing speaks against it."""
        if standing.state not in _TRIED_AGAIN or standing.is_accepted:
            return f"it has ended as {standing.state}, so there is nothing to send; drop it"
        if standing.is_too_old(now):
            return TOO_OLD
        if standing.busy_until(now) is not None:
            return BUSY
        return IN_DOUBT if standing.in_doubt and not self.may_double else ""


def _drop_unknown(content: Content) -> Verdict:
    """Return what dropping a letter does of whose part the table knows nothing."""
    if content.part is None:
        return Verdict(Step.DELETE, "the table has no record of it: it cannot be read")
    if content.part.too_large:
        # Its smaller parts would be queued all the same, should the request come again.
        return Verdict(Step.DELETE, "the table has no record of it")
    return Verdict(Step.END_UNCLAIMED, part=content.part)
