"""What a part's item remembers of the rounds of questions about its reports, for `kobo why`.

Items of older releases remember none.

Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kobo_sms.history import HistoryAttribute, cut
from kobo_sms.kobomobile.answers import Report, ReportAnswer
from kobo_sms.table import Item, moment

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
