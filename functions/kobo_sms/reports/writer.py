"""Writes what rounds of questions have brought, or puts a part off: an item that nobody can work with.

A part that cannot be polled stays due. Left as it is, the oldest of all, it would be the first of every run: so its
`due_at` is moved on, further each time (`put_off` counts them), until it can be written again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from kobo_sms.aws.item_errors import is_of_one_item
from kobo_sms.aws.statements import MOST_STATEMENTS
from kobo_sms.reports.counts import PutOff
from kobo_sms.reports.records import ReportWrite, rounds_with
from kobo_sms.reports.rounds import Round, RoundResult
from kobo_sms.reports.schedule import DeliveryTimes, Pace, next_gap
from kobo_sms.reports.store import ReportStore
from kobo_sms.runtime import Runtime
from kobo_sms.table import Item, moment

# Parts that are done wait for others so long: what is written together costs little more than one. Should the function
# die meanwhile, they are asked about again.
_GATHER_SECONDS = 1.0
# Written in one call; each weighs up to 120 bytes.
_RECIPIENTS_AT_ONCE = 2000
# How often a part is written anew that others keep writing in between.
_MOST_WRITES = 5
# The first pause of a part that is put off; each is twice the one before. PartsPutOffAlarm looks six hours back: it
# keeps ringing as long as a part is put off at least that often.
_FIRST_PAUSE, _LONGEST_PAUSE = 300.0, 4 * 3600.0


@dataclass
class Written:
    """What came of writing some rounds: of each what it has made of its part, that it was put off, or None if there is
    nothing of ours in the table. `failure` is the error for which the rest was left as it was."""

    results: list[RoundResult | PutOff | None] = field(default_factory=list)
    failure: Exception | None = None


@dataclass(frozen=True)
class _Draft:
    """A round's outcome, and the write that tells of it."""

    outcome: RoundResult
    write: ReportWrite


class ReportWriter:
    """Writes rounds; threads may share it."""

    def __init__(self, store: ReportStore, pace: Pace, runtime: Runtime) -> None:
        self._store = store
        self._pace = pace
        self._runtime = runtime

    def write(self, rounds: Sequence[Round], times: Mapping[str, DeliveryTimes]) -> Written:
        """Write the outcomes of rounds, in one call where there are several, or put their parts off.

        An error of AWS that concerns everybody ends it, and is told beside what was written before.
        """
        written = Written()
        try:
            together = self._write_together(rounds, times) if len(rounds) > 1 else {}
            # What is written counts even if the rest is not.
            done = [draft.outcome for draft, is_written in together.values() if is_written]
            written.results += done
            for each in rounds:
                draft, is_written = together.get(id(each), (None, False))
                if not is_written:
                    written.results.append(self._write_alone(each, times, draft))
        except Exception as error:  # noqa: BLE001 - for the caller, beside the results
            written.failure = error
        return written

    def _write_together(
        self, rounds: Sequence[Round], times: Mapping[str, DeliveryTimes]
    ) -> dict[int, tuple[_Draft, bool]]:
        """Return drafts of rounds and whether they are written; without those of parts that make trouble."""
        drafts = {id(each): draft for each in rounds if (draft := self._try_draft(each, times)) is not None}
        try:
            are_written = self._store.record_together([draft.write for draft in drafts.values()])
        except Exception as error:
            if not is_of_one_item(error):
                raise
            are_written = [False] * len(drafts)
        return {key: (draft, is_written) for (key, draft), is_written in zip(drafts.items(), are_written, strict=True)}

    def _try_draft(self, each: Round, times: Mapping[str, DeliveryTimes]) -> _Draft | None:
        try:
            return None if each.fault is not None else self._draft(each, each.item, times)
        except Exception as error:
            if not is_of_one_item(error):
                raise
            return None

    def _write_alone(
        self, each: Round, times: Mapping[str, DeliveryTimes], draft: _Draft | None
    ) -> RoundResult | PutOff | None:
        if each.fault is not None:
            return self._put_off(each, each.fault)
        try:
            return self._record(each, times, draft or self._draft(each, each.item, times))
        except Exception as error:
            if not is_of_one_item(error):
                raise
            return self._put_off(each, error)

    def _record(self, each: Round, times: Mapping[str, DeliveryTimes], draft: _Draft) -> RoundResult | None:
        for _ in range(_MOST_WRITES):
            newer = self._store.record_reports(draft.write)
            if newer is None or _is_ours(newer, draft.write):
                return draft.outcome
            if not newer:
                return None
            draft = self._draft(each, newer, times)
            if not draft.outcome.changed:
                return None
        return None

    def _draft(self, each: Round, item: Item, times: Mapping[str, DeliveryTimes]) -> _Draft:
        outcome, now = each.outcome(item), self._runtime.clock()
        due = self._next_due(each, item, outcome, now, times)
        rounds = rounds_with(item, each.asked(now, due))
        return _Draft(outcome, ReportWrite(item, outcome.recipients, now, due, outcome.asked_at, rounds))

    def _next_due(
        self, each: Round, item: Item, outcome: RoundResult, now: float, times: Mapping[str, DeliveryTimes]
    ) -> float | None:
        if not outcome.pending:
            return None
        if item is not each.item and "due_at" in item:
            return float(item["due_at"])
        if each.unasked:
            return now
        return now + next_gap(each.age(now), outcome.pending, times, self._pace, self._runtime.uniform(0.0, 1.0))

    def _put_off(self, each: Round, error: Exception) -> PutOff | None:
        now, before = self._runtime.clock(), each.item.get("put_off")
        times = int(before) + 1 if isinstance(before, Decimal) else 1
        until = now + pause_after(times)
        done = self._store.put_off(each.key, now=now, until=until, times=times)
        return PutOff(each.key, error, times, until) if done else None


def _is_ours(newer: Item, write: ReportWrite) -> bool:
    # boto3 repeats a write whose answer was lost, and then finds itself.
    return newer.get("updated_at") == moment(write.now) and newer["recipients"] == write.recipients


class WriteQueue:
    """Rounds that wait to be written together, first come, first written."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._rounds: deque[Round] = deque()
        self._recipients = 0
        self._write_by = 0.0

    def add(self, rounds: Iterable[Round]) -> None:
        """Put rounds in."""
        for each in rounds:
            if not self._rounds:
                self._write_by = self._clock() + _GATHER_SECONDS
            self._rounds.append(each)
            self._recipients += _size(each)

    def is_worth_a_call(self, *, idle: bool) -> bool:
        """Tell whether to write: a call is full, the first has waited long enough, or no other comes (`idle`)."""
        full = len(self._rounds) >= MOST_STATEMENTS or self._recipients >= _RECIPIENTS_AT_ONCE
        return bool(self._rounds) and (full or idle or self._clock() >= self._write_by)

    def take(self) -> list[Round]:
        """Take out what goes into one call, at least one."""
        taken, recipients = list[Round](), 0
        while self._rounds and len(taken) < MOST_STATEMENTS:
            recipients += _size(self._rounds[0])
            if taken and recipients > _RECIPIENTS_AT_ONCE:
                break
            taken.append(self._rounds.popleft())
            self._recipients -= _size(taken[-1])
        return taken


def _size(each: Round) -> int:
    recipients = each.item.get("recipients")
    return len(recipients) if isinstance(recipients, Mapping) else 0


def pause_after(times: int) -> float:
    """Return the seconds until a part that is put off for the `times`th time is polled again."""
    return min(_FIRST_PAUSE * 2.0 ** min(times - 1, 16), _LONGEST_PAUSE)
