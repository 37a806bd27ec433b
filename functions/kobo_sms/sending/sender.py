"""Sending one part: claim it, ask KoboMobile, record what that means (guarantees 1 to 3)."""

from __future__ import annotations

from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from kobo_sms.aws.part_attributes import NAMES, PART
from kobo_sms.aws.queues import Message, Queues
from kobo_sms.campaigns.campaign import CampaignState
from kobo_sms.campaigns.left_out import LeftOutNotes, left_out_of
from kobo_sms.campaigns.watch import CampaignWatch
from kobo_sms.errors import ConfigurationError, InvalidRequest
from kobo_sms.kobomobile.answers import Accepted, SendAnswer
from kobo_sms.kobomobile.client import KoboClient
from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.fields import FIELDS
from kobo_sms.messages.parts import ROOT, Part
from kobo_sms.optouts.lookup import OptOutLookup
from kobo_sms.runtime import Deadline, Runtime
from kobo_sms.sending import records
from kobo_sms.sending.attempts import NOT_ASKED
from kobo_sms.sending.backoff import wait_seconds
from kobo_sms.sending.dead_letters import DeadLetters
from kobo_sms.sending.decisions import (
    Decision,
    Next,
    after_call,
    before_call,
    is_too_late,
    stop_halving,
    symptom_of,
)
from kobo_sms.sending.result import PAUSED, QUIET_HOURS, SendResult, describe
from kobo_sms.sending.settings import SendSettings
from kobo_sms.sending.store import (
    Busy,
    Claim,
    Finished,
    IdempotencyConflict,
    NothingToClaim,
    OtherRelease,
    Store,
)
from kobo_sms.valve.breaker import CircuitBreaker
from kobo_sms.valve.bulk_rest import BulkRest

# What an attempt needs beyond the call itself: three writes, and SQS.
_MARGIN_SECONDS = 5.0
# SQS takes away what it has handed out 1,000 times (template.yaml); who waits for credit may wait for longer than that.
_MOST_RECEIVES = 900
# How long a message of a paused campaign stays away, in seconds.
_FIRST_PAUSE, _LONGEST_PAUSE = 30, 300
# How long one stays away whose part only another release can go on with.
_OTHER_RELEASE_WAITS = 300
_CONFLICT = "id: used before for other content; choose another id"
# What a campaign says of its messages that came to nothing.
_ID_TAKEN = "its id was used before, for other content"
_SENT_BEFORE = "its id was used before, for the same content, outside of this campaign"


class Sender:
    """Processes queue messages, any number at once."""

    def __init__(
        self,
        store: Store,
        client: KoboClient,
        queues: Queues,
        settings: SendSettings,
        runtime: Runtime,
        breaker: CircuitBreaker,
        rest: BulkRest,
        campaigns: CampaignWatch,
        left_out: LeftOutNotes,
        optouts: OptOutLookup,
    ) -> None:
        self._store = store
        self._client = client
        self._queues = queues
        self._dead_letters = DeadLetters(queues)
        self._settings = settings
        self._runtime = runtime
        self._breaker = breaker
        self._rest = rest
        self._campaigns = campaigns
        self._left_out = left_out
        self._optouts = optouts

    def process(self, message: Message, deadline: Deadline) -> SendResult:
        """Do what can be done about `message` before `deadline`, when the invocation ends.

        Errors of AWS pass through: the message comes back by itself, and nothing is lost or done twice.
        """
        now = self._runtime.clock()
        if not deadline.allows(self._settings.http_timeout + _MARGIN_SECONDS):
            return self._give_back(message, SendResult("postponed"), 0)
        try:
            part = message.read_part(self._settings.default_region)
        except InvalidRequest as error:
            return self._reject(message, error)
        ordered = self._obey(message, part, now)
        if ordered is not None:
            return ordered
        if part.too_large:
            split = self._split_root(message, part, now)
            if isinstance(split, SendResult):
                return split
            part = split
        opted_out = None
        if not is_too_late(part, now):
            # Before the claim: an attempt that ends without its outcome recorded counts as one of unknown outcome.
            held = self._keep_quiet(message, part, deadline) or self._hold(message, part)
            if held is not None:
                return held
            if part.request.promotional:
                # Before the claim, which fixes it: an attempt of unknown outcome is repeated as it was.
                opted_out = self._optouts.among(part.request.to)
        return self._try(message, part, opted_out, deadline)

    def _try(self, message: Message, part: Part, opted_out: frozenset[str] | None, deadline: Deadline) -> SendResult:
        """Claim the part, and make an attempt at it if that succeeds."""
        # Anew: what was asked before the claim may have taken seconds, and others write the part meanwhile.
        now = self._runtime.clock()
        claim = self._store.claim(
            part,
            token=self._runtime.token(),
            now=now,
            until=deadline.lease_until,
            lane=message.lane,
            probe=message.probe,
            opted_out=opted_out,
        )
        if not isinstance(claim, Claim):
            return self._leave(message, part, claim, now)
        result = self._attempt(message, claim, now)
        self._breaker.prompt_if_due()
        return result

    def _reject(self, message: Message, error: InvalidRequest) -> SendResult:
        self._dead_letters.put_invalid(message, str(error))
        # The advice may quote the text's characters, and an unknown field's name may be anything.
        named = {*FIELDS, *NAMES, "body"}
        problems = [problem.field if problem.field in named else "another field" for problem in error.problems]
        at_fault = f"at fault: {', '.join(problems[:20])}"
        self._note_left_out(message, f"cannot be read as a request; {at_fault}")
        return SendResult("invalid", reason=at_fault, dead=True)

    def _obey(self, message: Message, part: Part, now: float) -> SendResult | None:
        """Do what was ordered of the part's campaign, if anything was."""
        state = self._campaigns.state(part.request.campaign) if part.request.campaign is not None else None
        if state is CampaignState.PAUSED and not is_too_late(part, now):
            return self._pause(message, part)
        # What is too large is split first, and then cancelled part by part.
        if state is CampaignState.STOPPED and not part.too_large:
            return self._cancel(message, part, now)
        return None

    def _pause(self, message: Message, part: Part) -> SendResult:
        """Give the message back untouched until its campaign is resumed; the longer that takes, the more seldom."""
        result = replace(_result("held back", part), reason=PAUSED)
        return self._give_back(message, result, min(message.receives * _FIRST_PAUSE, _LONGEST_PAUSE), part)

    def _cancel(self, message: Message, part: Part, now: float) -> SendResult:
        """End the part, as its campaign was stopped."""
        found = self._store.cancel(part, now=now, lane=message.lane)
        if isinstance(found, Decision):
            return describe(part, found, NOT_ASKED, now)
        return self._leave(message, part, found, now)

    def _keep_quiet(self, message: Message, part: Part, deadline: Deadline) -> SendResult | None:
        """Give the message back untouched in its lane's quiet hours."""
        wait = self._rest.wait_for(message.lane, deadline)
        result = replace(_result("held back", part), reason=QUIET_HOURS)
        return self._give_back(message, result, wait, part) if wait else None

    def _hold(self, message: Message, part: Part) -> SendResult | None:
        """Give the message back untouched while the circuit breaker holds its lane or there is no login."""
        result = _result("held back", part)
        seconds = 0 if message.probe else self._breaker.wait_for(message.lane)
        if not seconds and (reason := self._log_in(message, part)):
            seconds, result = self._backoff(1), replace(result, reason=reason, symptom=Symptom.CREDENTIALS)
        return self._give_back(message, result, seconds, part) if seconds else None

    def _log_in(self, message: Message, part: Part) -> str:
        """Make sure that there is a login; return why not."""
        try:
            self._client.log_in()
        except (ConfigurationError, BotoCoreError, ClientError) as error:
            self._breaker.failed(Symptom.CREDENTIALS, message.lane, part)
            self._breaker.prompt_if_due()
            return f"the secret cannot be read: {type(error).__name__}"
        return ""

    def _attempt(self, message: Message, claim: Claim, now: float) -> SendResult:
        part, known, limit = claim.to_send, claim.known, self._settings.max_attempts
        decision = before_call(part, known, now=now, max_attempts=limit)
        if decision is not None:
            return self._carry_out(message, claim, decision, NOT_ASKED)
        answer = self._client.send(part, sender=claim.sender)
        counted = self._tell_breaker(message, part, answer) and not message.probe
        decision = after_call(part, known, answer, max_attempts=limit, counted=counted)
        surplus = len(answer.ids.keys() - set(part.request.to)) if isinstance(answer, Accepted) else 0
        return self._carry_out(message, claim, decision, answer.label, surplus)

    def _tell_breaker(self, message: Message, part: Part, answer: SendAnswer) -> bool:
        """Return whether a failure counts as an attempt."""
        symptom = symptom_of(answer)
        if symptom is not None:
            return self._breaker.failed(symptom, message.lane, part)
        if isinstance(answer, Accepted):
            self._breaker.accepted(message.lane)
        else:
            self._breaker.answered(message.lane)
        return True

    def _carry_out(
        self, message: Message, claim: Claim, decision: Decision, label: str, surplus: int = 0
    ) -> SendResult:
        """Record the decision, and do with the message what it says."""
        now = self._runtime.clock()
        result = replace(describe(claim.to_send, decision, label, now, surplus), opted_out=len(claim.opted_out))
        match decision.next:
            case Next.SPLIT:
                if not self._store.split(claim, decision, now=now, label=label):
                    return self._carry_out(message, claim, stop_halving(claim.known, label), label)
                self._queues.put_parts(message.lane, claim.to_send.halves())
            case Next.DEAD_LETTER:
                # Before the outcome: once that is recorded, nobody comes back to do this.
                self._dead_letters.put(message, claim.part, decision, label)
                self._store.record(claim, decision, now=now, label=label, due=None)
            case Next.RETRY:
                seconds = self._backoff(1 if message.probe else claim.known.calls)
                next_at = now if _is_put_again(message) else now + seconds
                self._store.record(claim, decision, now=now, label=label, due=None, next_at=next_at)
                return self._give_back(message, result, seconds, claim.part)
            case Next.DONE:
                self._store.record(claim, decision, now=now, label=label, due=self._first_report(claim, decision, now))
        return result

    def _leave(self, message: Message, part: Part, found: NothingToClaim, now: float) -> SendResult:
        """See to a message whose part is not to be claimed."""
        if isinstance(found, IdempotencyConflict):
            return self._refuse_content(message, part)
        if isinstance(found, Busy):
            return self._give_back(message, _result("busy", part), max(1, round(found.until - now) + 1))
        if isinstance(found, OtherRelease):
            return self._leave_to_other_release(message, part, found, now)
        if found.smaller:
            self._queues.put_parts(message.lane, found.smaller)
        elif found.campaign != part.request.campaign:
            self._note_left_out(message, _SENT_BEFORE)
        return _result("duplicate", part)

    def _leave_to_other_release(self, message: Message, part: Part, found: OtherRelease, now: float) -> SendResult:
        reason = f"the table has it as {found.state}, which only another release of this software knows"
        if is_too_late(part, now):
            self._dead_letters.put_invalid(message, reason, part.request.id)
            return replace(_result("invalid", part), reason=reason, dead=True)
        return self._give_back(message, replace(_result("busy", part), reason=reason), _OTHER_RELEASE_WAITS, part)

    def _split_root(self, message: Message, part: Part, now: float) -> SendResult | Part:
        """Split a request that is too large; return it as a part if it was begun as one."""
        found = self._store.split_root(part, now=now, lane=message.lane)
        if isinstance(found, Part):
            return found
        left = self._leave(message, part, found, now)
        return replace(left, outcome="split") if isinstance(found, Finished) and found.smaller else left

    def _refuse_content(self, message: Message, part: Part) -> SendResult:
        self._dead_letters.put_invalid(message, _CONFLICT, part.request.id)
        self._note_left_out(message, _ID_TAKEN)
        return SendResult("invalid", request_id=part.request.id, reason=_CONFLICT, dead=True)

    def _note_left_out(self, message: Message, reason: str) -> None:
        """Have the message's campaign, if it has one, not wait for a part that never comes to be."""
        left_out = left_out_of(message.body, message.attributes.get(PART) or ROOT)
        if left_out is not None:
            self._left_out.put(left_out, reason, self._runtime.clock())

    def _give_back(self, message: Message, result: SendResult, seconds: int, part: Part | None = None) -> SendResult:
        """Have the message come back after `seconds`; with `part`, as a new one once SQS has handed it out often."""
        if part is not None and _is_put_again(message):
            self._queues.put_again(message, part)
            return result
        self._queues.return_after(message, seconds)
        return replace(result, returns_after=seconds)

    def _backoff(self, calls: int) -> int:
        settings = self._settings
        return wait_seconds(calls, base=settings.retry_base, longest=settings.retry_max, uniform=self._runtime.uniform)

    def _first_report(self, claim: Claim, decision: Decision, now: float) -> tuple[str, float] | None:
        if not any(outcome.msgid for outcome in decision.outcomes.values()):
            return None
        return records.due_shard(claim.part), now + self._settings.first_report_after


def _is_put_again(message: Message) -> bool:
    return message.receives >= _MOST_RECEIVES


def _result(outcome: str, part: Part) -> SendResult:
    return SendResult(outcome, request_id=part.request.id, part=part.name, recipients=len(part.request.to))
