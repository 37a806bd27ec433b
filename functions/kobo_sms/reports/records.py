"""What a part's item holds of its reports: how it changes by a round of questions, and the rounds that it remembers.

The latter are for `kobo why`; items of older releases remember none.

Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kobo_sms.kobomobile.answers import Report, ReportAnswer
from kobo_sms.messages.progress import describe_progress
from kobo_sms.table import HistoryAttribute, Item, cut, moment

Key = tuple[str, str]
ROUNDS = HistoryAttribute("rounds", first=5, last=15, most_bytes=4_000)
# A report that is not there yet; answers beyond the most frequent ones.
NONE_YET, OTHERS = "none yet", "others"
_MOST_ANSWERS, _LONGEST_ANSWER = 5, 40


@dataclass(frozen=True)
class AskedRound:
    """One round: when the first answer came (epoch seconds), how often KoboMobile gave each one, and when the part is
    due again, None if it is never asked about again. `cut_short`: the run ended before all were asked."""

    at: float
    answers: Mapping[str, int]
    next_at: float | None = None
    cut_short: bool = False

    def to_item(self) -> Item:
        """Return the event that is kept."""
        due = {} if self.next_at is None else {"next_at": moment(self.next_at)}
        return {"at": moment(self.at), "answers": dict(self.answers)} | due | ({"cut": True} if self.cut_short else {})

    @classmethod
    def from_item(cls, event: Item) -> AskedRound:
        """Return what an event says."""
        answers = {answer: int(count) for answer, count in event["answers"].items()}
        return cls(float(event["at"]), answers, float(event["next_at"]) if "next_at" in event else None, "cut" in event)


@dataclass(frozen=True)
class AskedRounds:
    """The rounds that are remembered, oldest first; `left_out` more lie before the one at the place `gap`."""

    known: list[AskedRound]
    left_out: int
    gap: int


@dataclass(frozen=True)
class ReportWrite:
    """What a round of questions makes of `item`, a part as it was read: its recipients, when all pending ones were
    asked (None: not all were), when to ask next (None: never again), and the attributes that remember the rounds.

    Moments are epoch seconds; `now` is when it is written.
    """

    item: Item
    recipients: Mapping[str, Item]
    now: float
    next_due: float | None
    asked_at: float | None = None
    rounds: Item = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """The part's key in the table."""
        return self.item["id"], self.item["part"]

    def changes(self, keep_seconds: float) -> Item:
        """Return what becomes of the attributes; None for one that is removed."""
        item, now = self.item, self.now
        changes: Item = {"recipients": dict(self.recipients), "updated_at": moment(now)} | self.rounds
        changes["expires"] = int(now + keep_seconds)
        if "campaign_shard" in item:
            changes["progress"] = describe_progress(item["state"], item.get("reason"), self.recipients)
        if self.asked_at is not None:
            changes["asked_at"] = moment(self.asked_at)
        if "put_off" in item:
            changes["put_off"] = None
        return changes | self._due()

    def known(self) -> Item:
        """Return what the table must still hold, None for what must not be there: nobody has written meanwhile."""
        if "due_at" in self.item:
            return {"due_at": self.item["due_at"]}
        return {"due_at": None, "updated_at": self.item["updated_at"]}

    def _due(self) -> Item:
        if self.next_due is None:
            return {"due_shard": None, "due_at": None}
        # It doubles as the part's version: a later writer of the same item must not hold it for unchanged.
        later = float(self.item["due_at"]) + 0.001 if "due_at" in self.item else 0.0
        return {"due_at": moment(max(self.next_due, later))}


def rounds_of(item: Mapping[str, Any]) -> AskedRounds:
    """Return what the item of a part remembers of its rounds."""
    history = ROUNDS.read(item)
    return AskedRounds([AskedRound.from_item(event) for event in history.events], history.left_out, history.gap)


def rounds_with(item: Mapping[str, Any], asked: AskedRound) -> Item:
    """Return the attributes by which `item` remembers one more round."""
    return ROUNDS.attributes(ROUNDS.extend(ROUNDS.read(item), [asked.to_item()]))


def count_answers(answers: Iterable[ReportAnswer]) -> dict[str, int]:
    """Return how often each answer was given: the most frequent ones, and all others together."""
    counted = Counter(cut(_label(answer), _LONGEST_ANSWER) for answer in answers)
    found = dict(counted.most_common(_MOST_ANSWERS))
    left = counted.total() - sum(found.values())
    return found | ({OTHERS: left} if left else {})


def _label(answer: ReportAnswer) -> str:
    return (answer.raw or NONE_YET) if isinstance(answer, Report) else answer.label
