"""One round of questions about one part: whom to ask, and what the answers make of its recipients (pure).

A round is begun with the part's item as it was read, takes answers in as they come, and can be repeated on a newer
item, should somebody else have written in the meantime: no answer is lost, and none counts twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from kobo_sms.kobomobile.answers import Refused, Report, ReportAnswer
from kobo_sms.kobomobile.report_codes import REASONS, FinalReport, judge
from kobo_sms.kobomobile.tokens import Kind
from kobo_sms.messages import states
from kobo_sms.messages.states import State
from kobo_sms.reports.records import AskedRound, count_answers
from kobo_sms.reports.schedule import original_network
from kobo_sms.table import Item, moment

# Right after sending, an id may not have reached the reports yet; later, KoboMobile has forgotten it.
ID_SETTLES_AFTER = 3600.0
_NOT_HEARD = frozenset({Kind.GATEWAY, Kind.CREDENTIALS})


@dataclass(frozen=True)
class Answered:
    """One answer, and when it came (epoch seconds)."""

    answer: ReportAnswer
    at: float


@dataclass(frozen=True)
class Ended:
    """A recipient that has come to its end by a round: `low` and `high` enclose the seconds from sent to final, None
    where nothing final was reported."""

    state: str
    reason: str | None
    network: str
    sender: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class RoundResult:
    """What a round makes of an item: recipients as they are now, who came to an end, how many of each network are
    still waited for, and when all of them were asked (epoch seconds; None unless all were).

    `pages` is what the part was sent as, told once: by the first round that has asked about all of it.
    """

    recipients: dict[str, Item]
    ended: list[Ended]
    pending: Counter[str]
    changed: bool
    asked_at: float | None
    pages: int = 0


@dataclass
class Round:
    """The questions about the part `item`, how many of them are not asked yet or under way, and the answers so far.

    It is `over` once no more are to come; `fault` is why none can be asked.
    """

    item: Item
    give_up_after: float
    answers: dict[str, Answered] = field(default_factory=dict)
    unasked: int = 0
    under_way: int = 0
    over: bool = False
    fault: Exception | None = None

    @property
    def key(self) -> tuple[str, str]:
        """The part's key in the table."""
        return self.item["id"], self.item["part"]

    @property
    def heard(self) -> bool:
        """Whether KoboMobile has answered any of the questions."""
        return any(is_heard(answered.answer) for answered in self.answers.values())

    def questions(self) -> Iterator[tuple[str, str]]:
        """Return numbers and message ids of those whose report is not final."""
        for number, known in self.item["recipients"].items():
            if is_pending(known):
                yield number, known["msgid"]

    def age(self, at: float) -> float:
        """Return the seconds from sending to `at` (epoch seconds)."""
        return at - float(self.item["sent_at"])

    def asked(self, now: float, next_due: float | None) -> AskedRound:
        """Return what is remembered of the round that is written `now`, when the part is due again at `next_due`."""
        answers = count_answers(answered.answer for answered in self.answers.values())
        # Before the end of any recipient that it brings.
        at = min((answered.at for answered in self.answers.values()), default=now)
        return AskedRound(at, answers, next_due, cut_short=self.unasked > 0)

    def outcome(self, item: Item) -> RoundResult:
        """Return what the answers make of `item`: the one that was read, or what somebody else has written since."""
        recipients: dict[str, Item] = {number: dict(known) for number, known in item["recipients"].items()}
        sent_at = float(item["sent_at"])
        before = float(item.get("asked_at") or sent_at) - sent_at
        ended, changed = [], False
        for number, answered in self.answers.items():
            known = dict(recipients[number])
            verdict = self._take_in(known, answered)
            changed |= known != recipients[number]
            recipients[number] = known
            if verdict is not None:
                ended.append(self._end(verdict, number, answered, before))
        pending = Counter(original_network(number) for number, known in recipients.items() if is_pending(known))
        whole = all(number in self.answers for number, _ in self.questions())
        asked_at = min((answered.at for answered in self.answers.values()), default=None) if whole else None
        pages = _pages_sent(item) if asked_at is not None and "asked_at" not in item else 0
        return RoundResult(recipients, ended, pending, changed, asked_at, pages)

    def _take_in(self, known: Item, answered: Answered) -> FinalReport | None:
        """Change what is known of a recipient; return its end if this is it."""
        answer = answered.answer
        verdict = self._judge(answer, self.age(answered.at))
        if "state" in known and (verdict is None or not states.may_follow(known["state"], verdict.state)):
            # Reports that go backwards are kept, and change nothing.
            if isinstance(answer, Report) and judge(answer) and answer.raw != known.get("report"):
                known["later_report"] = answer.raw
            return None
        if isinstance(answer, Report) and answer.word:
            known["report"] = answer.raw
        if verdict is None:
            return None
        known |= {"state": verdict.state, "at": moment(answered.at)}
        known.pop("reason", None)
        if verdict.key is not None:
            known["reason"] = self._words(verdict.key)
        return verdict

    def _judge(self, answer: ReportAnswer, age: float) -> FinalReport | None:
        verdict = judge(answer) if isinstance(answer, Report) else None
        if verdict is not None:
            return verdict
        if isinstance(answer, Refused) and answer.kind is Kind.MESSAGE_ID and age > ID_SETTLES_AFTER:
            return FinalReport(State.UNKNOWN, "id_forgotten")
        if age >= self.give_up_after and is_heard(answer):
            return FinalReport(State.UNKNOWN, "no_report")
        return None

    def _words(self, key: str) -> str:
        return f"no final report within {self.give_up_after / 3600:g} hours" if key == "no_report" else REASONS[key]

    def _end(self, verdict: FinalReport, number: str, answered: Answered, before: float) -> Ended:
        network, sender = original_network(number), str(self.item.get("from", ""))
        if verdict.state == State.UNKNOWN:
            return Ended(verdict.state, verdict.key, network, sender)
        high = max(self.age(answered.at), 0.0)
        return Ended(verdict.state, verdict.key, network, sender, min(max(before, 0.0), high), high)


def require_pollable(item: Item) -> None:
    """Raise what comes of an item that is no part that was sent to recipients: answers to it could not be kept."""
    float(item["sent_at"])
    for known in item["recipients"].values():
        if not isinstance(known.get("msgid", ""), str):
            raise TypeError("a message id that is no text")


def _pages_sent(item: Item) -> int:
    # What has no message id was refused, or is no recipient of ours: nothing was paid for it.
    return int(item.get("pages", 1)) * sum("msgid" in known for known in item["recipients"].values())


def is_pending(known: Mapping[str, object]) -> bool:
    """Tell whether a recipient was sent under a message id and its report is not final."""
    return "msgid" in known and "state" not in known


def is_heard(answer: ReportAnswer) -> bool:
    """Tell whether KoboMobile itself has answered: nothing was lost, and it is neither down nor closed to us."""
    return isinstance(answer, Report) or (isinstance(answer, Refused) and answer.kind not in _NOT_HEARD)
