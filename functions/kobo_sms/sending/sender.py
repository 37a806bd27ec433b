"""Sending one part: claim it, ask KoboMobile, record what that means (guarantees 1 to 3)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kobo_sms.aws.queues import Message, Queues
from kobo_sms.kobomobile.answers import Accepted, SendAnswer
from kobo_sms.kobomobile.client import KoboClient
from kobo_sms.messages.parts import Part
from kobo_sms.runtime import Deadline, Runtime
from kobo_sms.sending import records
from kobo_sms.sending.admission import Admission, Admitted
from kobo_sms.sending.attempts import NOT_ASKED, Claim, Lease
from kobo_sms.sending.backoff import wait_seconds
from kobo_sms.sending.dead_letters import DeadLetters
from kobo_sms.sending.decisions import Decision, Next, after_call, before_call, stop_halving, symptom_of
from kobo_sms.sending.result import SendResult, describe
from kobo_sms.sending.returns import Returns, is_put_again
from kobo_sms.sending.settings import SendSettings
from kobo_sms.sending.store import Store
from kobo_sms.sending.unclaimable import Unclaimable
from kobo_sms.valve.breaker import CircuitBreaker


@dataclass(frozen=True)
class Attempted:
    """An attempt whose outcome is not recorded yet; `label` names the answer, `surplus` counts ids nobody asked for."""

    message: Message
    claim: Claim
    decision: Decision
    label: str
    surplus: int = 0

    def result_at(self, now: float) -> SendResult:
        """Return what became of the message, once the outcome is recorded."""
        result = describe(self.claim.to_send, self.decision, self.label, now, self.surplus)
        return replace(result, opted_out=len(self.claim.opted_out))


class Sender:
    """Processes queue messages one by one, any number at once."""

    def __init__(
        self,
        store: Store,
        client: KoboClient,
        queues: Queues,
        settings: SendSettings,
        runtime: Runtime,
        breaker: CircuitBreaker,
        admission: Admission,
        dead_letters: DeadLetters,
        returns: Returns,
        unclaimable: Unclaimable,
    ) -> None:
        self._store = store
        self._client = client
        self._queues = queues
        self._settings = settings
        self._runtime = runtime
        self._breaker = breaker
        self._admission = admission
        self._dead_letters = dead_letters
        self._returns = returns
        self._unclaimable = unclaimable

    def process(self, message: Message, deadline: Deadline) -> SendResult:
        """Do what can be done about `message` before `deadline`, when the invocation ends.

        Errors of AWS pass through: the message comes back by itself, and nothing is lost or done twice.
        """
        admitted = self._admission.admit(message, deadline)
        claim = admitted if isinstance(admitted, SendResult) else self.claim(admitted, deadline)
        if isinstance(claim, SendResult):
            return claim
        result = self.carry_out(self.attempt(message, claim))
        self._breaker.prompt_if_due()
        return result

    def claim(self, admitted: Admitted, deadline: Deadline, again: Lease | None = None) -> Claim | SendResult:
        """Claim the part, or see to the message of one that is not to be claimed.

        `again` is a claim that may have been written already. Then this is the same one, to the millisecond: two
        entries in the item would count as two attempts.
        """
        # Anew: what was asked before the claim may have taken seconds, and others write the part meanwhile.
        now = self._runtime.clock()
        message, part = admitted.message, admitted.part
        lease = again or Lease(self._runtime.token(), now)
        claim = self._store.claim(
            part,
            token=lease.token,
            now=lease.at or now,
            until=deadline.lease_until,
            lane=message.lane,
            probe=message.probe,
            opted_out=admitted.opted_out,
        )
        return claim if isinstance(claim, Claim) else self._unclaimable.settle(message, part, claim, now)

    def attempt(self, message: Message, claim: Claim) -> Attempted:
        """Ask KoboMobile to send a claimed part, unless it ends without that."""
        now, limit = self._runtime.clock(), self._settings.max_attempts
        part, known = claim.to_send, claim.known
        decision = before_call(part, known, now=now, max_attempts=limit)
        if decision is not None:
            return Attempted(message, claim, decision, NOT_ASKED)
        answer = self._client.send(part, sender=claim.sender)
        counted = self._tell_breaker(message, part, answer) and not message.probe
        decision = after_call(part, known, answer, max_attempts=limit, counted=counted)
        surplus = len(answer.ids.keys() - set(part.request.to)) if isinstance(answer, Accepted) else 0
        return Attempted(message, claim, decision, answer.label, surplus)

    def carry_out(self, attempted: Attempted) -> SendResult:
        """Record the decision, and do with the message what it says."""
        now = self._runtime.clock()
        message, claim, decision, label = attempted.message, attempted.claim, attempted.decision, attempted.label
        match decision.next:
            case Next.SPLIT:
                if not self._store.split(claim, decision, now=now, label=label):
                    return self.carry_out(Attempted(message, claim, stop_halving(claim.known, label), label))
                self._queues.put_parts(message.lane, claim.to_send.halves())
            case Next.DEAD_LETTER:
                # Before the outcome: once that is recorded, nobody comes back to do this.
                self._dead_letters.put(message, claim.part, decision, label)
                self._store.record(claim, decision, now=now, label=label, due=None)
            case Next.RETRY:
                return self._retry(attempted, now)
            case Next.DONE:
                self._store.record(claim, decision, now=now, label=label, due=self.first_report(attempted, now))
        return attempted.result_at(now)

    def first_report(self, attempted: Attempted, now: float) -> tuple[str, float] | None:
        """Return the shard and the moment of the first report to ask for, None if there is none to come."""
        if not any(outcome.msgid for outcome in attempted.decision.outcomes.values()):
            return None
        return records.due_shard(attempted.claim.part), now + self._settings.first_report_after

    def _retry(self, attempted: Attempted, now: float) -> SendResult:
        message, claim = attempted.message, attempted.claim
        seconds = self._backoff(1 if message.probe else claim.known.calls)
        next_at = now if is_put_again(message) else now + seconds
        self._store.record(claim, attempted.decision, now=now, label=attempted.label, due=None, next_at=next_at)
        return self._returns.give_back(message, attempted.result_at(now), seconds, claim.part)

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

    def _backoff(self, calls: int) -> int:
        settings = self._settings
        return wait_seconds(calls, base=settings.retry_base, longest=settings.retry_max, uniform=self._runtime.uniform)
