"""Sending one part: claim it, ask KoboMobile, write down what that means (guarantees 1 to 3)."""

from __future__ import annotations

from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from kobo_sms.aws.queues import ORIGIN, PART, QUEUED_AT, Message, Queues
from kobo_sms.errors import ConfigurationError, InvalidRequest
from kobo_sms.kobomobile.answers import Accepted, SendAnswer
from kobo_sms.kobomobile.client import KoboClient
from kobo_sms.messages import states
from kobo_sms.messages.fields import FIELDS
from kobo_sms.messages.parts import Part
from kobo_sms.messages.request import conceal
from kobo_sms.runtime import Runtime
from kobo_sms.sending import records
from kobo_sms.sending.backoff import wait_seconds
from kobo_sms.sending.decisions import Decision, Next, after_call, before_call, is_too_late, stop_halving, symptom_of
from kobo_sms.sending.result import Verdict, describe
from kobo_sms.sending.settings import SendSettings
from kobo_sms.sending.store import Busy, Claim, Finished, OtherContent, Store
from kobo_sms.valve.breaker import CircuitBreaker
from kobo_sms.valve.signals import CREDENTIALS

# What an attempt needs beyond the call itself: three writes, and SQS.
_MARGIN_SECONDS = 5.0
# The claim outlives the invocation, so that nobody takes a part over from one that still runs.
_LEASE_BEYOND_DEADLINE = 1.0
# SQS takes away what it has handed out 1,000 times (template.yaml); who waits for credit may wait for longer than that.
_MOST_RECEIVES = 900


class Sender:
    """Processes queue messages, any number at once."""

    def __init__(
        self,
        store: Store,
        client: KoboClient,
        queues: Queues,
        settings: SendSettings,
        http_timeout: float,
        runtime: Runtime,
        breaker: CircuitBreaker,
    ) -> None:
        self._store = store
        self._client = client
        self._queues = queues
        self._settings = settings
        self._least_time = http_timeout + _MARGIN_SECONDS
        self._runtime = runtime
        self._breaker = breaker

    def process(self, message: Message, deadline: float) -> Verdict:
        """Do what can be done about `message` now; `deadline` (epoch seconds) ends the invocation.
        Errors of AWS pass through: the message comes back by itself, and nothing is lost or done twice.
        """
        now = self._runtime.clock()
        if deadline - now < self._least_time:
            return self._return(message, Verdict("postponed"), 0)
        try:
            part = message.read_part(self._settings.default_region)
        except InvalidRequest as error:
            # The advice may quote the text's characters, and an unknown field's name may be anything.
            at_fault = [problem.field if problem.field in FIELDS else "another field" for problem in error.problems]
            return replace(self._bury_invalid(message, str(error)), reason=f"at fault: {', '.join(at_fault[:20])}")
        if part.too_large:
            return self._split_root(message, part, now)
        if not is_too_late(part, now):
            wait = 0 if message.trial else self._breaker.wait_for(self._lane_name(message))
            # Before the claim: an attempt that ends without its outcome written counts as one of unknown outcome.
            reason = "" if wait else self._log_in(message, part)
            if wait or reason:
                return self._hold_back(message, part, wait or self._wait(1), reason)
        until = deadline + _LEASE_BEYOND_DEADLINE
        claim = self._store.claim(part, token=self._runtime.token(), now=now, until=until)
        if isinstance(claim, Claim):
            verdict = self._attempt(message, claim, now)
            self._breaker.prompt_if_due()
            return verdict
        return self._stand_back(message, part, claim, now)

    def _log_in(self, message: Message, part: Part) -> str:
        """Make sure that there is a login; return why not."""
        try:
            self._client.log_in()
        except (ConfigurationError, BotoCoreError, ClientError) as error:
            self._breaker.failed(CREDENTIALS, self._lane_name(message), part)
            self._breaker.prompt_if_due()
            return f"the secret cannot be read: {type(error).__name__}"
        return ""

    def _attempt(self, message: Message, claim: Claim, now: float) -> Verdict:
        part, known, limit = claim.part, claim.known, self._settings.max_attempts
        decision = before_call(part, known, now=now, max_attempts=limit)
        if decision is not None:
            return self._carry_out(message, claim, decision, "none")
        answer = self._client.send(part, sender=part.request.sender or self._settings.default_sender)
        counted = self._tell_breaker(message, part, answer) and not message.trial
        decision = after_call(part, known, answer, max_attempts=limit, counted=counted)
        surplus = len(answer.ids.keys() - set(part.request.to)) if isinstance(answer, Accepted) else 0
        return self._carry_out(message, claim, decision, answer.label, surplus)

    def _tell_breaker(self, message: Message, part: Part, answer: SendAnswer) -> bool:
        """Return whether a failure counts as an attempt."""
        lane, symptom = self._lane_name(message), symptom_of(answer)
        if symptom is not None:
            return self._breaker.failed(symptom, lane, part)
        if isinstance(answer, Accepted):
            self._breaker.accepted(lane)
        else:
            self._breaker.answered(lane)
        return True

    def _carry_out(self, message: Message, claim: Claim, decision: Decision, label: str, surplus: int = 0) -> Verdict:
        now = self._runtime.clock()
        verdict = describe(claim.part, decision, label, now, surplus)
        match decision.next:
            case Next.SPLIT:
                if not self._store.split(claim, decision, now=now, label=label):
                    return self._carry_out(message, claim, stop_halving(claim.known, label), label)
                self._queues.put_parts(message.lane, claim.part.halves())
            case Next.DEAD_LETTER:
                # Before the outcome: once that is written, nobody comes back to do this.
                self._bury(message, claim.part, decision, label)
                self._store.record(claim, decision, now=now, label=label, due=None)
            case Next.RETRY:
                self._store.record(claim, decision, now=now, label=label, due=None)
                calls = 1 if message.trial else claim.known.calls
                return self._hand_back(message, claim.part, verdict, self._wait(calls))
            case Next.DONE:
                self._store.record(claim, decision, now=now, label=label, due=self._first_report(claim, decision, now))
        return verdict

    def _stand_back(self, message: Message, part: Part, found: Busy | Finished | OtherContent, now: float) -> Verdict:
        facts = Verdict("duplicate", request_id=part.request.id, part=part.name, recipients=len(part.request.to))
        if isinstance(found, OtherContent):
            return self._bury_invalid(message, "id: used before for other content; choose another id", part)
        if isinstance(found, Busy):
            return self._return(message, replace(facts, outcome="busy"), max(1, round(found.until - now) + 1))
        if found.state == states.SPLIT:
            self._queues.put_parts(message.lane, part.halves())
        return facts

    def _split_root(self, message: Message, part: Part, now: float) -> Verdict:
        if isinstance(self._store.split_root(part, now=now), OtherContent):
            return self._bury_invalid(message, "id: used before for other content; choose another id", part)
        self._queues.put_parts(message.lane, part.chunks())
        return Verdict("split", request_id=part.request.id, part=part.name, recipients=len(part.request.to))

    def _return(self, message: Message, verdict: Verdict, seconds: int) -> Verdict:
        self._queues.return_after(message, seconds)
        return replace(verdict, returns_after=seconds)

    def _hand_back(self, message: Message, part: Part, verdict: Verdict, seconds: int) -> Verdict:
        if message.receives < _MOST_RECEIVES:
            return self._return(message, verdict, seconds)
        self._queues.put_again(message, part)
        return verdict

    def _hold_back(self, message: Message, part: Part, seconds: int, reason: str) -> Verdict:
        facts = Verdict("held back", request_id=part.request.id, part=part.name, recipients=len(part.request.to))
        if reason:
            facts = replace(facts, reason=reason, symptom=CREDENTIALS)
        return self._hand_back(message, part, facts, seconds)

    def _wait(self, calls: int) -> int:
        settings = self._settings
        return wait_seconds(calls, base=settings.retry_base, longest=settings.retry_max, uniform=self._runtime.uniform)

    def _first_report(self, claim: Claim, decision: Decision, now: float) -> tuple[str, float] | None:
        if not any(outcome.msgid for outcome in decision.outcomes.values()):
            return None
        return records.due_shard(claim.part), now + self._settings.first_report_after

    def _bury(self, message: Message, part: Part, decision: Decision, label: str) -> None:
        notes = {
            "Reason": decision.reason,
            "RequestId": part.request.id,
            "Attempts": str(decision.attempts),
            "LastAnswer": label,
            "Lane": self._lane_name(message),
            PART: part.name,
            ORIGIN: part.origin,
            QUEUED_AT: f"{part.queued_at:.3f}",
        }
        self._queues.put_dead(conceal(message.body), notes)

    def _bury_invalid(self, message: Message, reason: str, part: Part | None = None) -> Verdict:
        request_id = part.request.id if part is not None else ""
        notes = {"Reason": reason, "RequestId": request_id, "Lane": self._lane_name(message)}
        notes |= {name: value for name, value in message.attributes.items() if name in (PART, ORIGIN, QUEUED_AT)}
        self._queues.put_dead(conceal(message.body), notes)
        return Verdict("invalid", request_id=request_id, reason=reason, dead=True)

    def _lane_name(self, message: Message) -> str:
        return self._settings.lane_of(message.lane)
