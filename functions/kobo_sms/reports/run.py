"""One run of the poller: one thread decides, a pool's threads do the I/O, and what they bring comes in turn.

Questions flow from the due parts, oldest first, as many at once as the limit allows; several parts are under way at a
time, so that parts of one recipient use the whole of it too. A part is written once, soon after its last question is
answered, together with others, or when the run ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import TypeVar

from kobo_sms.kobomobile.answers import Refused, ReportAnswer
from kobo_sms.kobomobile.client import KoboClient
from kobo_sms.kobomobile.tokens import Kind
from kobo_sms.reports.counts import PutOff, Tally
from kobo_sms.reports.due import DueParts
from kobo_sms.reports.limit import AdaptiveLimit, RunBreaker
from kobo_sms.reports.records import Key
from kobo_sms.reports.rounds import Answered, Round, is_heard, require_pollable
from kobo_sms.reports.schedule import DeliveryTimes
from kobo_sms.reports.writer import ReportWriter, WriteQueue, Written
from kobo_sms.runtime import Deadline
from kobo_sms.table import Item
from kobo_sms.valve.signals import CREDENTIALS, GATEWAY

# Parts are read while so many rounds of questions are left: reading takes about as long as an answer.
_READ_AHEAD = 3
T = TypeVar("T")


@dataclass(frozen=True)
class Dependencies:
    """What a run works with: who is asked, who writes (so many calls at once), when a message is given up, what is
    learned of the networks, clock, threads."""

    client: KoboClient
    writer: ReportWriter
    writes_at_once: int
    give_up_after: float
    learned: Callable[[], Mapping[str, DeliveryTimes]]
    clock: Callable[[], float]
    pool: Executor


@dataclass(frozen=True)
class Question:
    """One recipient to ask about."""

    round: Round
    number: str
    msgid: str


@dataclass(frozen=True)
class Heard:
    """What one call brought: the answer, when the call was begun and when answered, in which epoch of the limit."""

    answer: ReportAnswer
    begun: float
    at: float
    epoch: int


class Run:
    """Polls what `due` hands out until nothing is left, `deadline` or until `breaker` trips."""

    def __init__(
        self,
        around: Dependencies,
        due: DueParts,
        limit: AdaptiveLimit,
        breaker: RunBreaker,
        deadline: Deadline,
        tally: Tally,
    ) -> None:
        self._around = around
        self._due = due
        self._limit = limit
        self._breaker = breaker
        self._deadline = deadline
        self._tally = tally
        self._results: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._questions: deque[Question] = deque()
        self._to_write = WriteQueue(around.clock)
        # Rounds without any answer, until one comes to another: in an outage they stay due as they are.
        self._unheard: list[Round] = []
        self._done: list[Key] = []
        self._asking = self._writing = 0
        self._reading = self._exhausted = False
        self._times: Mapping[str, DeliveryTimes] = {}

    def go(self) -> None:
        """Do it all; the first error is kept in the tally, and what was learned is still written."""
        while self._begin():
            self._results.get()()
        try:
            self._due.close()
        except Exception as error:  # noqa: BLE001 - kept in the tally; the leases run out by themselves
            self._fail(error)

    def _begin(self) -> bool:
        """Begin what can be begun; False when nothing is under way any more."""
        over = self._over()
        if over:
            self._leave_unasked()
        idle = not (self._asking or self._reading or self._questions)
        while self._writing < self._around.writes_at_once and self._to_write.is_worth_a_call(idle=idle):
            self._write(self._to_write.take())
        while self._questions and self._may_ask() and not over:
            self._ask(self._questions.popleft())
            over = self._over()
        if not (self._exhausted or self._reading or over) and len(self._questions) < _READ_AHEAD * self._limit.value:
            self._read()
        return bool(self._reading or self._asking or self._writing or self._questions)

    def _may_ask(self) -> bool:
        return self._asking < self._limit.value and self._breaker.allows(self._asking)

    def _over(self) -> bool:
        stopped = self._tally.failure is not None or self._tally.stopped is not None
        return stopped or self._deadline.passed

    def _leave_unasked(self) -> None:
        """Leave the questions that nobody has asked; the answers to others of the same parts are still written."""
        if not self._questions:
            return
        self._tally.stopped = self._tally.stopped or "time"
        rounds = {id(question.round): question.round for question in self._questions}
        self._questions.clear()
        for each in rounds.values():
            self._finish(each)

    def _start(self, work: Callable[[], T], then: Callable[[T | None], None]) -> None:
        """Have a thread do `work`, and this one `then` with its result; None if it failed, which ends the run."""

        def attempt() -> None:
            try:
                result = work()
                self._results.put(lambda: then(result))
            except Exception as error:  # noqa: BLE001 - it goes on in the thread that waits
                failure = error
                self._results.put(lambda: self._fail(failure, partial(then, None)))

        self._around.pool.submit(attempt)

    def _fail(self, error: Exception, then: Callable[[], None] = lambda: None) -> None:
        self._tally.failure = self._tally.failure or error
        then()

    def _read(self) -> None:
        self._reading, done = True, self._done
        self._done = []
        self._start(partial(self._read_batch, done), self._take_batch)

    def _read_batch(self, done: list[Key]) -> list[Item]:
        found = self._due.next_batch(done)
        if found:
            # Before any thread needs them: the password, once for all, and what was learned.
            self._around.client.log_in()
            self._times = self._around.learned()
        return found

    def _take_batch(self, items: list[Item] | None) -> None:
        self._reading = False
        self._exhausted = not items
        for item in items or ():
            each = Round(item, self._around.give_up_after)
            questions = self._questions_about(each)
            each.unasked = len(questions)
            self._questions.extend(questions)
            if not questions:
                self._to_write.add([each])

    def _questions_about(self, each: Round) -> list[Question]:
        """Return what is to be asked about a part: nothing, if it is to be put off."""
        try:
            require_pollable(each.item)
            return [Question(each, number, msgid) for number, msgid in each.questions()]
        except Exception as error:  # noqa: BLE001 - of this one item, and told with it
            each.fault = error
            return []

    def _ask(self, question: Question) -> None:
        self._asking += 1
        question.round.unasked -= 1
        question.round.under_way += 1
        self._start(partial(self._report, question.msgid, self._limit.epoch), partial(self._take_answer, question))

    def _report(self, msgid: str, epoch: int) -> Heard:
        begun = self._around.clock()
        answer = self._around.client.report(msgid)
        return Heard(answer, begun, self._around.clock(), epoch)

    def _take_answer(self, question: Question, heard: Heard | None) -> None:
        self._asking -= 1
        question.round.under_way -= 1
        if heard is not None:
            question.round.answers[question.number] = Answered(heard.answer, heard.at)
            self._tally.calls += 1
            self._judge_gateway(heard)
        self._finish(question.round)

    def _judge_gateway(self, heard: Heard) -> None:
        if is_heard(heard.answer):
            self._limit.answered(heard.at - heard.begun, heard.epoch)
            self._breaker.answered()
            self._to_write.add(self._unheard)
            self._unheard.clear()
            return
        self._limit.failed(heard.epoch)
        self._breaker.failed(heard.begun, heard.at)
        self._tally.unanswered += 1
        if self._breaker.tripped:
            refused = isinstance(heard.answer, Refused) and heard.answer.kind is Kind.CREDENTIALS
            self._tally.stopped = CREDENTIALS if refused else GATEWAY

    def _finish(self, each: Round) -> None:
        """See what is to be done about a round, once no answer to it is under way and no question will follow."""
        if each.over or each.under_way or (each.unasked and not self._over()):
            return
        each.over = True
        if each.heard:
            self._to_write.add([each])
        elif each.answers:
            self._unheard.append(each)

    def _write(self, rounds: list[Round]) -> None:
        self._writing += 1
        self._start(partial(self._around.writer.write, rounds, self._times), partial(self._take_written, rounds))

    def _take_written(self, rounds: list[Round], written: Written | None) -> None:
        self._writing -= 1
        self._done += [each.key for each in rounds]
        if written is None:
            return
        for result in written.results:
            if isinstance(result, PutOff):
                self._tally.faulty.append(result)
            elif result is not None:
                self._tally.take(result.ended, result.pages)
        if written.failure is not None:
            self._fail(written.failure)
