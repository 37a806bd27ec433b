"""One run of the poller: one thread decides, a pool's threads do the I/O, and what they bring comes in turn.

Questions flow from the due parts, oldest first, as many at once as the limit allows; several parts are under way at a
time, so that parts of one recipient use the whole of it too. A part is written once, when its last question is
answered or when the run ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import TypeVar

from kobo_sms.answers import Refused, ReportAnswer
from kobo_sms.client import KoboClient
from kobo_sms.concurrency import AdaptiveLimit
from kobo_sms.delivery_times import DeliveryTimes, Pace, next_gap
from kobo_sms.due_parts import DueParts
from kobo_sms.records import Item, moment
from kobo_sms.report_store import Key, ReportStore
from kobo_sms.rounds import Answered, Outcome, Round, is_heard
from kobo_sms.signs import CREDENTIALS, GATEWAY
from kobo_sms.tally import Tally

# So many calls in a row without an answer of KoboMobile's, and the gateway is taken to be down.
OUTAGE_AFTER = 10
# Parts are read while so many rounds of questions are left: reading takes about as long as an answer.
_READ_AHEAD = 3
# How often a part is written anew that others keep writing in between.
_MOST_WRITES = 5
T = TypeVar("T")


@dataclass(frozen=True)
class Surroundings:
    """What a run works with: adapters, the pace, what is learned of the networks, clock, draw, threads."""

    store: ReportStore
    client: KoboClient
    pace: Pace
    learned: Callable[[], Mapping[str, DeliveryTimes]]
    clock: Callable[[], float]
    draw: Callable[[], float]
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
    """Polls what `due` hands out until nothing is left, `deadline` (epoch seconds) or an outage."""

    def __init__(
        self, around: Surroundings, due: DueParts, limit: AdaptiveLimit, deadline: float, writes: int, tally: Tally
    ) -> None:
        self._around = around
        self._due = due
        self._limit = limit
        self._deadline = deadline
        self._writes_at_once = writes
        self._tally = tally
        self._results: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._questions: deque[Question] = deque()
        self._to_write: deque[Round] = deque()
        # Rounds without any answer, until one comes to another: in an outage they stay due as they are.
        self._unheard: list[Round] = []
        self._silence = 0
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
        while self._to_write and self._writing < self._writes_at_once:
            self._write(self._to_write.popleft())
        while self._questions and self._asking < self._limit.value and not over:
            self._ask(self._questions.popleft())
            over = self._over()
        if not (self._exhausted or self._reading or over) and len(self._questions) < _READ_AHEAD * self._limit.value:
            self._read()
        return bool(self._reading or self._asking or self._writing or self._questions)

    def _over(self) -> bool:
        stopped = self._tally.failure is not None or self._tally.stopped is not None
        return stopped or self._around.clock() >= self._deadline

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
            each = Round(item, self._around.pace.give_up_after)
            questions = [Question(each, number, msgid) for number, msgid in each.questions()]
            each.unasked = len(questions)
            self._questions.extend(questions)
            if not questions:
                self._to_write.append(each)

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
            self._silence = 0
            self._to_write.extend(self._unheard)
            self._unheard.clear()
            return
        self._limit.failed(heard.epoch)
        self._tally.unanswered += 1
        self._silence += 1
        if self._silence >= OUTAGE_AFTER:
            refused = isinstance(heard.answer, Refused) and heard.answer.token == "error_user"  # noqa: S105
            self._tally.stopped = CREDENTIALS if refused else GATEWAY

    def _finish(self, each: Round) -> None:
        """See what is to be done about a round, once no answer to it is under way and no question will follow."""
        if each.over or each.under_way or (each.unasked and not self._over()):
            return
        each.over = True
        if each.heard:
            self._to_write.append(each)
        elif each.answers:
            self._unheard.append(each)

    def _write(self, each: Round) -> None:
        self._writing += 1
        self._start(partial(self._record, each), partial(self._take_written, each))

    def _record(self, each: Round) -> Outcome | None:
        """Write a round's outcome; None if there is nothing of ours in the table."""
        item = each.item
        for _ in range(_MOST_WRITES):
            outcome = each.outcome(item)
            if item is not each.item and not outcome.changed:
                return None
            now = self._around.clock()
            due = self._next_due(each, item, outcome, now)
            newer = self._around.store.record_reports(
                item, outcome.recipients, now=now, next_due=due, asked_at=outcome.asked_at
            )
            # boto3 repeats a write whose answer was lost, and then finds itself.
            if newer is None or (newer.get("updated_at") == moment(now) and newer["recipients"] == outcome.recipients):
                return outcome
            if not newer:
                return None
            item = newer
        return None

    def _next_due(self, each: Round, item: Item, outcome: Outcome, now: float) -> float | None:
        if not outcome.pending:
            return None
        if item is not each.item and "due_at" in item:
            return float(item["due_at"])
        if each.unasked:
            return now
        around = self._around
        return now + next_gap(each.age(now), outcome.pending, self._times, around.pace, around.draw())

    def _take_written(self, each: Round, outcome: Outcome | None) -> None:
        self._writing -= 1
        self._done.append(each.key)
        if outcome is not None:
            self._tally.take(outcome.ended)
