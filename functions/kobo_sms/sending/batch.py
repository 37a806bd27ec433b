"""Sending what one invocation holds: claimed together, asked for side by side, recorded together.

A message alone goes the short way (`sender`), and so does each message of a batch that is out of the ordinary. What is
claimed ahead of its call waits for one call at the most: none is claimed that might not be asked for in time.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial

from kobo_sms.aws.item_errors import is_of_one_item
from kobo_sms.aws.queues import Message
from kobo_sms.aws.statements import MOST_STATEMENTS
from kobo_sms.runtime import Deadline, Runtime
from kobo_sms.sending.admission import Admission, Admitted
from kobo_sms.sending.attempts import Claim, Lease
from kobo_sms.sending.batch_store import BatchStore, Ended, Wanted, fits
from kobo_sms.sending.crew import Crew
from kobo_sms.sending.decisions import Next
from kobo_sms.sending.result import SendResult
from kobo_sms.sending.sender import Attempted, Sender
from kobo_sms.valve.breaker import CircuitBreaker

# For so many seconds without news others are waited for that could be claimed, or recorded, by the same call.
_LINGER = 0.005


@dataclass(frozen=True)
class Processed:
    """What became of a message; an error: it stays on the queue, and comes back by itself."""

    message: Message
    result: SendResult | Exception


Step = Admitted | Attempted | Processed


class Stage(Enum):
    """What a job is for."""

    ADMIT = "admit"
    CALL = "call"
    FINISH = "finish"


@dataclass(frozen=True)
class Work:
    """A job about one message. An error becomes what came of the message."""

    message: Message
    stage: Stage
    do: Callable[[], Step]

    def __call__(self) -> tuple[Stage, Step]:
        """Do it."""
        try:
            return self.stage, self.do()
        except Exception as error:  # noqa: BLE001 - told by whoever asked for the batch
            return self.stage, Processed(self.message, error)


BatchCrew = Crew[tuple[Stage, Step]]


@dataclass(frozen=True)
class BatchSender:
    """Processes the messages of an invocation, `calls_at_once` of them side by side."""

    sender: Sender
    admission: Admission
    store: BatchStore
    breaker: CircuitBreaker
    runtime: Runtime
    calls_at_once: int

    def process(
        self, messages: Sequence[Message], deadline: Deadline, make_crew: Callable[[], BatchCrew]
    ) -> Iterator[Processed]:
        """Do what can be done about messages before `deadline`, when the invocation ends; yield each as it is done."""
        if len(messages) > 1:
            yield from _Run(self, deadline, make_crew(), deque(messages)).go()
        for message in messages if len(messages) == 1 else ():
            try:
                yield Processed(message, self.sender.process(message, deadline))
            except Exception as error:  # noqa: BLE001 - told by whoever asked for the batch
                yield Processed(message, error)


@dataclass
class _Run:
    """One batch under way: what waits to be admitted, claimed, recorded; and how many jobs of each stage there are."""

    of: BatchSender
    deadline: Deadline
    crew: BatchCrew
    waiting: deque[Message]
    jobs: Counter[Stage] = field(default_factory=Counter)
    admitted: list[Admitted] = field(default_factory=list)
    attempted: list[Attempted] = field(default_factory=list)
    done: list[Processed] = field(default_factory=list)

    def go(self) -> Iterator[Processed]:
        while self.waiting or self.jobs.total() or self.admitted or self.attempted:
            self._admit_more()
            found = (
                self.crew.finished(_LINGER if self.admitted or self.attempted else None) if self.jobs.total() else []
            )
            for stage, step in found:
                self.jobs[stage] -= 1
                self._take(step)
            self._write(at_rest=not found or not self.jobs.total())
            yield from self.done
            self.done.clear()

    def _admit_more(self) -> None:
        """Begin with as many messages as there is room for: one for each call, and as many that wait for theirs."""
        ahead = 2 if self._may_claim_ahead() else 1
        begun = self.jobs[Stage.ADMIT] + len(self.admitted) + self.jobs[Stage.CALL]
        for _ in range(min(ahead * self.of.calls_at_once - begun, len(self.waiting))):
            message = self.waiting.popleft()
            self._start(Work(message, Stage.ADMIT, partial(self._admit, message)))

    def _may_claim_ahead(self) -> bool:
        # What has been claimed is asked for, whatever has become of the lane since.
        works = bool(self.waiting) and self.of.breaker.works(self.waiting[0].lane)
        return works and self.of.calls_at_once > 1 and self.of.admission.has_time(self.deadline, calls=2)

    def _start(self, work: Work) -> None:
        self.jobs[work.stage] += 1
        start = self.crew.start_call if work.stage is Stage.CALL else self.crew.start
        start(work)

    def _admit(self, message: Message) -> Step:
        admitted = self.of.admission.admit(message, self.deadline)
        return Processed(message, admitted) if isinstance(admitted, SendResult) else admitted

    def _take(self, step: Step) -> None:
        if isinstance(step, Admitted):
            self.admitted.append(step)
        elif isinstance(step, Attempted):
            self.attempted.append(step)
        else:
            self.done.append(step)

    def _write(self, *, at_rest: bool) -> None:
        """Claim and record what is at hand, once there is nothing to wait for that could go with it."""
        if self.admitted and (at_rest or not self.jobs[Stage.ADMIT] or len(self.admitted) >= MOST_STATEMENTS):
            admitted, self.admitted = self.admitted, []
            self._claim(admitted)
        if self.attempted and (at_rest or len(self.attempted) >= MOST_STATEMENTS):
            attempted, self.attempted = self.attempted, []
            self._record(attempted)

    def _claim(self, admitted: Sequence[Admitted]) -> None:
        together, others = _usual(admitted)
        now, claims = self.of.runtime.clock(), list[Claim | None]()
        wanted = [self._wanted(each, now) for each in together]
        try:
            claims = self.of.store.claim(wanted, self.deadline.lease_until) if wanted else []
        except Exception as error:  # noqa: BLE001 - told for each message
            if not is_of_one_item(error):
                self.done += [Processed(each.message, error) for each in together]
                together, wanted = [], []
            claims = [None] * len(together)
        for each, want, claim in zip(together, wanted, claims, strict=True):
            # botocore repeats a call whose answer was lost: that the part is there may be our own doing.
            alone = partial(self._claim_and_attempt, each, want.lease)
            do = alone if claim is None else partial(self._attempt, each.message, claim)
            self._start(Work(each.message, Stage.CALL, do))
        for each in others:
            self._start(Work(each.message, Stage.CALL, partial(self._claim_and_attempt, each)))

    def _wanted(self, admitted: Admitted, now: float) -> Wanted:
        message = admitted.message
        lease = Lease(self.of.runtime.token(), now, message.lane, message.probe)
        return Wanted(admitted.part, lease, admitted.opted_out)

    def _claim_and_attempt(self, admitted: Admitted, again: Lease | None = None) -> Step:
        message, claim = admitted.message, self.of.sender.claim(admitted, self.deadline, again)
        return self._attempt(message, claim) if isinstance(claim, Claim) else Processed(message, claim)

    def _attempt(self, message: Message, claim: Claim) -> Step:
        attempted = self.of.sender.attempt(message, claim)
        if attempted.decision.next is Next.DONE:
            return attempted
        result = self.of.sender.carry_out(attempted)
        self.of.breaker.prompt_if_due()
        return Processed(message, result)

    def _record(self, attempted: Sequence[Attempted]) -> None:
        if len(attempted) == 1:
            self._take(self._finish(attempted[0])()[1])
            return
        now = self.of.runtime.clock()
        ended = [
            Ended(each.claim, each.decision, now, each.label, self.of.sender.first_report(each, now))
            for each in attempted
        ]
        written = [False] * len(ended)
        try:
            written = self.of.store.record(ended)
        except Exception as error:  # noqa: BLE001 - told for each message
            if not is_of_one_item(error):
                self.done += [Processed(each.message, error) for each in attempted]
                return
        for each, is_written in zip(attempted, written, strict=True):
            if is_written:
                self.done.append(Processed(each.message, each.result_at(now)))
            else:
                self._start(self._finish(each))

    def _finish(self, attempted: Attempted) -> Work:
        return Work(attempted.message, Stage.FINISH, partial(self._carry_out, attempted))

    def _carry_out(self, attempted: Attempted) -> Step:
        return Processed(attempted.message, self.of.sender.carry_out(attempted))


def _usual(admitted: Sequence[Admitted]) -> tuple[list[Admitted], list[Admitted]]:
    """Return what can be claimed by one call, and the rest.

    What SQS hands out for the first time is not in the table yet. One part twice in a batch is a message queued twice.
    """
    first: dict[tuple[str, str], Admitted] = {}
    for each in admitted:
        if each.message.receives == 1 and fits(each.part):
            first.setdefault((each.part.request.id, each.part.name), each)
    together = list(first.values()) if len(first) > 1 else []
    chosen = {id(each) for each in together}
    return together, [each for each in admitted if id(each) not in chosen]
