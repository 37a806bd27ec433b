"""A day minute by minute, as flows between queues (a fluid model).

Queues that serve at a known rate need no event for each text: what waits is what came less what was served. So a day of
a hundred million texts takes a second. Only the wait of a single password at a moderate load is below its resolution:
that is `passwords`, event by event.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from math import inf

from benchmarks.scale.limits import executions, need_of, shards_of_stream
from benchmarks.scale.load import CAMPAIGNS_AT, MINUTES_A_DAY, Load
from benchmarks.scale.rates import Rates, rates_of
from benchmarks.scale.stack import Stack
from kobo_cli.cost.part import PartUse
from kobo_sms.table import CAMPAIGN_SHARDS, DUE_SHARDS

MINUTE = 60.0
# A part is asked about so many minutes after it was sent, and after each question in vain.
_ASK_AFTER = 2
_LONGEST_DAYS = 7
_NOTHING = 0.01


@dataclass
class Kind:
    """Parts of one lane, in all: `arrived` are sent or `waiting`; sent ones are `final`, `due` or due later."""

    use: PartUse
    recipients: int
    arrived: float = 0.0
    waiting: float = 0.0
    sent: float = 0.0
    due: float = 0.0
    due_later: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))
    final: float = 0.0
    asked: float = 0.0

    def arrive(self, parts: float) -> None:
        """Take up parts that were queued."""
        self.arrived += parts
        self.waiting += parts

    def send(self, parts: float, minute: int) -> None:
        """Send what has waited."""
        self.waiting -= parts
        self.sent += parts
        self.due_later[minute + _ASK_AFTER] += parts

    def ask(self, parts: float, rounds: float, minute: int) -> None:
        """Ask about what is due: one of so many rounds is the last."""
        self.due -= parts
        self.asked += parts
        self.final += parts / rounds
        self.due_later[minute + _ASK_AFTER] += parts * (1 - 1 / rounds)

    @property
    def unfinished(self) -> float:
        """Sent, and not final."""
        return self.due + sum(self.due_later.values())


@dataclass(frozen=True)
class Minute:
    """What went through in a minute, per second, and the passwords left waiting at its end."""

    passwords: float
    parts: float
    questions: float
    waiting_passwords: float
    late_reports: float
    late_events: float


@dataclass
class Day:
    """A day of one stack, and the days that follow until nothing is left: what was done in each minute."""

    passwords: Kind
    parts: Kind
    capacity: float
    minutes: list[Minute] = field(default_factory=list)
    changes: float = 0.0
    published: float = 0.0
    campaigns: list[float] = field(default_factory=list)

    @property
    def campaign_hours(self) -> float:
        """The longest time from a campaign's beginning until all was sent; infinite if it was not within a week."""
        return max(self.campaigns) if len(self.campaigns) == len(CAMPAIGNS_AT) else inf

    @property
    def late_reports(self) -> float:
        """Seconds by which the questions were late at the worst."""
        return max(each.late_reports for each in self.minutes)

    @property
    def late_events(self) -> float:
        """Seconds by which status events were late at the worst."""
        return max(each.late_events for each in self.minutes)

    def waits(self, first: int, last: int) -> list[float]:
        """Return for how long (s) a password waits that comes in each of these minutes, for want of capacity alone."""
        return [each.waiting_passwords / self.capacity for each in self.minutes[first:last]]


def run_day(load: Load, stack: Stack) -> Day:
    """Let a day's texts flow through one of the stacks."""
    return _Running(replace(load, texts=load.texts / stack.number), load, stack).run()


class _Running:
    def __init__(self, load: Load, whole: Load, stack: Stack) -> None:
        self._load, self._stack, self._rounds = load, stack, load.inputs.rounds
        rates = rates_of(stack, load.inputs)
        need = need_of(whole, stack)
        # An account with too few executions gives each function its share of them.
        granted = min(1.0, stack.concurrency / executions(need, stack, rates))
        self._rates: Rates = replace(
            rates, priority=rates.priority * granted, bulk=rates.bulk * granted, questions=rates.questions * granted
        )
        self._telling = rates.changes * shards_of_stream(need, stack) * granted
        self._caps = {
            "table": min(stack.table, stack.warm),
            "due": min(len(DUE_SHARDS) * load.inputs.partition, stack.table),
            "campaign": min(CAMPAIGN_SHARDS * load.inputs.partition, stack.table),
        }
        self._day = Day(
            Kind(load.password_use(), 1), Kind(load.campaign_use(), load.numbers), capacity=self._rates.priority
        )

    def run(self) -> Day:
        for minute in range(_LONGEST_DAYS * MINUTES_A_DAY):
            self._arrive(minute)
            self._pass(minute)
            if minute >= MINUTES_A_DAY and self._is_over():
                break
        return self._day

    def _arrive(self, minute: int) -> None:
        day = self._day
        if minute < MINUTES_A_DAY:
            day.passwords.arrive(self._load.passwords_in(minute))
            if minute / 60 in CAMPAIGNS_AT:
                day.parts.arrive(self._load.campaign / self._load.numbers)
        for kind in (day.passwords, day.parts):
            kind.due += kind.due_later.pop(minute, 0.0)

    def _pass(self, minute: int) -> None:
        day, rates = self._day, self._rates
        passwords = min(day.passwords.waiting, rates.priority * MINUTE)
        parts = min(day.parts.waiting, min(rates.bulk, rates.queueing) * MINUTE)
        asked = self._questions()
        # DynamoDB refuses what is beyond, whoever wrote it; the same share of all work is tried again.
        let = self._let(passwords, parts, asked)
        passwords, parts, asked = passwords * let, parts * let, (asked[0] * let, asked[1] * let)
        day.passwords.send(passwords, minute)
        day.parts.send(parts, minute)
        day.passwords.ask(asked[0], self._rounds, minute)
        day.parts.ask(asked[1], self._rounds, minute)
        self._publish(2 * (passwords + parts) + sum(asked))
        self._note(minute, passwords, parts, asked)

    def _questions(self) -> tuple[float, float]:
        """Return about how many parts of each kind is asked: of what is due as much as poll_reports can."""
        day = self._day
        wanted = day.passwords.due + day.parts.due * day.parts.recipients
        can = min(1.0, self._rates.questions * MINUTE / wanted) if wanted > _NOTHING else 1.0
        return day.passwords.due * can, day.parts.due * can

    def _let(self, passwords: float, parts: float, asked: tuple[float, float]) -> float:
        day, share = self._day, 1.0
        for of, cap in self._caps.items():
            units = passwords * getattr(day.passwords.use.sending, of) + parts * getattr(day.parts.use.sending, of)
            for kind, questions in zip((day.passwords, day.parts), asked, strict=True):
                units += questions * getattr(kind.use.asking, of) / self._rounds
            share = min(share, cap * MINUTE / units) if units else share
        return share

    def _publish(self, changes: float) -> None:
        day = self._day
        day.changes += changes
        day.published += min(day.changes - day.published, self._telling * MINUTE)

    def _note(self, minute: int, passwords: float, parts: float, asked: tuple[float, float]) -> None:
        day = self._day
        questions = asked[0] + asked[1] * day.parts.recipients
        due = day.passwords.due + day.parts.due * day.parts.recipients
        late = due / self._rates.questions, (day.changes - day.published) / self._telling
        rates = passwords / MINUTE, parts / MINUTE, questions / MINUTE
        day.minutes.append(Minute(*rates, day.passwords.waiting, *late))
        size = self._load.campaign / self._load.numbers
        for at in CAMPAIGNS_AT[len(day.campaigns) :]:
            if day.parts.sent < size * (len(day.campaigns) + 1) - _NOTHING or minute < at * 60:
                break
            day.campaigns.append((minute + 1) / 60 - at)

    def _is_over(self) -> bool:
        day = self._day
        left = day.passwords.waiting + day.parts.waiting + day.passwords.unfinished + day.parts.unfinished
        return left + day.changes - day.published < 1.0
