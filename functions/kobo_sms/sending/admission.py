"""Whether a queue message is to be tried now: it is read, and held against what its campaign and its lane allow."""

from __future__ import annotations

from dataclasses import dataclass, replace

from botocore.exceptions import BotoCoreError, ClientError

from kobo_sms.aws.queues import Message
from kobo_sms.campaigns.campaign import CampaignState
from kobo_sms.campaigns.watch import CampaignWatch
from kobo_sms.errors import ConfigurationError, InvalidRequest
from kobo_sms.kobomobile.client import KoboClient
from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.fields import FIELDS
from kobo_sms.messages.parts import NAMES, Part
from kobo_sms.optouts.lookup import OptOutLookup
from kobo_sms.runtime import Deadline, Runtime
from kobo_sms.sending.attempts import NOT_ASKED, Finished
from kobo_sms.sending.backoff import wait_seconds
from kobo_sms.sending.dead_letters import DeadLetters
from kobo_sms.sending.decisions import Decision, is_too_late
from kobo_sms.sending.result import PAUSED, QUIET_HOURS, SendResult, describe, result_of
from kobo_sms.sending.returns import Returns
from kobo_sms.sending.settings import SendSettings
from kobo_sms.sending.store import Store
from kobo_sms.sending.unclaimable import Unclaimable
from kobo_sms.valve.breaker import CircuitBreaker
from kobo_sms.valve.bulk_rest import BulkRest

# What an attempt needs beyond the call itself: three writes, and SQS.
_MARGIN_SECONDS = 5.0
# How long a message of a paused campaign stays away, in seconds.
_FIRST_PAUSE, _LONGEST_PAUSE = 30, 300


@dataclass(frozen=True)
class Admitted:
    """A message whose part is to be claimed; `opted_out` are those of its recipients that opted out, None where nobody
    was asked."""

    message: Message
    part: Part
    opted_out: frozenset[str] | None


class Admission:
    """Admits messages, or does what else is to be done about them. Errors of AWS pass through.

    `rest` is None where there are no quiet hours.
    """

    def __init__(
        self,
        store: Store,
        client: KoboClient,
        settings: SendSettings,
        runtime: Runtime,
        breaker: CircuitBreaker,
        rest: BulkRest | None,
        campaigns: CampaignWatch,
        optouts: OptOutLookup,
        dead_letters: DeadLetters,
        returns: Returns,
        unclaimable: Unclaimable,
    ) -> None:
        self._store = store
        self._client = client
        self._settings = settings
        self._runtime = runtime
        self._breaker = breaker
        self._rest = rest
        self._campaigns = campaigns
        self._optouts = optouts
        self._dead_letters = dead_letters
        self._returns = returns
        self._unclaimable = unclaimable

    def has_time(self, deadline: Deadline, calls: int = 1) -> bool:
        """Tell whether so many calls, one after the other, and what belongs to an attempt fit before `deadline`."""
        return deadline.allows(calls * self._settings.http_timeout + _MARGIN_SECONDS)

    def admit(self, message: Message, deadline: Deadline) -> Admitted | SendResult:
        """Return the message's part to be claimed, or what became of the message instead."""
        now = self._runtime.clock()
        if not self.has_time(deadline):
            return self._returns.give_back(message, SendResult("postponed"), 0)
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
        return self._look_around(message, part, deadline, now)

    def _look_around(self, message: Message, part: Part, deadline: Deadline, now: float) -> Admitted | SendResult:
        if is_too_late(part, now):
            return Admitted(message, part, None)
        # Before the claim: an attempt that ends without its outcome recorded counts as one of unknown outcome.
        held = self._keep_quiet(message, part, deadline) or self._hold(message, part)
        if held is not None:
            return held
        # Before the claim, which fixes it: an attempt of unknown outcome is repeated as it was.
        opted_out = self._optouts.among(part.request.to) if part.request.promotional else None
        return Admitted(message, part, opted_out)

    def _reject(self, message: Message, error: InvalidRequest) -> SendResult:
        self._dead_letters.put_invalid(message, str(error))
        # The advice may quote the text's characters, and an unknown field's name may be anything.
        named = {*FIELDS, *NAMES, "body"}
        problems = [problem.field if problem.field in named else "another field" for problem in error.problems]
        at_fault = f"at fault: {', '.join(problems[:20])}"
        self._unclaimable.note_left_out(message, f"cannot be read as a request; {at_fault}")
        return SendResult("invalid", reason=at_fault, dead=True)

    def _obey(self, message: Message, part: Part, now: float) -> SendResult | None:
        """Do what was ordered of the part's campaign, if anything was."""
        state = self._campaigns.state(part.request.campaign) if part.request.campaign is not None else None
        if state is CampaignState.PAUSED and not is_too_late(part, now):
            return self._pause(message, part)
        # What is too large is split first, and then cancelled part by part.
        if state is CampaignState.STOPPED and not part.too_large:
            return self._cancel(message, part)
        return None

    def _pause(self, message: Message, part: Part) -> SendResult:
        """Give the message back untouched until its campaign is resumed; the longer that takes, the more seldom."""
        result = replace(result_of("held back", part), reason=PAUSED)
        seconds = min(message.receives * _FIRST_PAUSE, _LONGEST_PAUSE)
        return self._returns.give_back(message, result, seconds, part)

    def _cancel(self, message: Message, part: Part) -> SendResult:
        """End the part, as its campaign was stopped."""
        found = self._store.cancel(part, clock=self._runtime.clock, lane=message.lane)
        now = self._runtime.clock()
        if isinstance(found, Decision):
            return describe(part, found, NOT_ASKED, now)
        return self._unclaimable.settle(message, part, found, now)

    def _keep_quiet(self, message: Message, part: Part, deadline: Deadline) -> SendResult | None:
        """Give the message back untouched in its lane's quiet hours."""
        wait = self._rest.wait_for(message.lane, deadline) if self._rest is not None else 0
        result = replace(result_of("held back", part), reason=QUIET_HOURS)
        return self._returns.give_back(message, result, wait, part) if wait else None

    def _hold(self, message: Message, part: Part) -> SendResult | None:
        """Give the message back untouched while the circuit breaker holds its lane or there is no login."""
        result = result_of("held back", part)
        seconds = 0 if message.probe else self._breaker.wait_for(message.lane)
        if not seconds and (reason := self._log_in(message, part)):
            seconds, result = self._backoff(), replace(result, reason=reason, symptom=Symptom.CREDENTIALS)
        return self._returns.give_back(message, result, seconds, part) if seconds else None

    def _log_in(self, message: Message, part: Part) -> str:
        """Make sure that there is a login; return why not."""
        try:
            self._client.log_in()
        except (ConfigurationError, BotoCoreError, ClientError) as error:
            self._breaker.failed(Symptom.CREDENTIALS, message.lane, part)
            self._breaker.prompt_if_due()
            return f"the secret cannot be read: {type(error).__name__}"
        return ""

    def _split_root(self, message: Message, part: Part, now: float) -> SendResult | Part:
        """Split a request that is too large; return it as a part if it was begun as one."""
        found = self._store.split_root(part, now=now, lane=message.lane)
        if isinstance(found, Part):
            return found
        left = self._unclaimable.settle(message, part, found, now)
        return replace(left, outcome="split") if isinstance(found, Finished) and found.smaller else left

    def _backoff(self) -> int:
        settings = self._settings
        return wait_seconds(1, base=settings.retry_base, longest=settings.retry_max, uniform=self._runtime.uniform)
