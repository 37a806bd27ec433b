"""What is to be sent: single texts, one text to many numbers, a personalised campaign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

# What one call of KoboMobile takes.
MOST_NUMBERS = 500


class Text(NamedTuple):
    """A text to one number or many, as whoever queues it has it."""

    id: str
    to: Sequence[str]
    msg: str
    campaign: str | None = None


@dataclass(frozen=True)
class Workload:
    """Texts to be sent, and to how many numbers in all."""

    name: str
    texts: Sequence[Text]

    @property
    def recipients(self) -> int:
        """How many texts arrive when each does once."""
        return sum(len(text.to) for text in self.texts)


def single_texts(run: str, count: int) -> Workload:
    """Return one-time passwords, each with an id of its own; `run` sets those of several runs apart."""
    texts = [Text(f"{run}-{at}", [_number(at)], f"Your code is {at:06d}") for at in range(count)]
    return Workload(f"{count:,} single texts", texts)


def one_to_many(run: str, count: int) -> Workload:
    """Return one text to many numbers."""
    text = Text(f"{run}-0", [_number(at) for at in range(count)], "Our shops open at nine on Friday.")
    return Workload(f"one text to {count:,} numbers", [text])


def campaign(run: str, count: int) -> Workload:
    """Return a personalised campaign."""
    words = "Dear customer no. {}, 20% off in all our shops on Friday. Show this text at the till."
    texts = [Text(f"{run}-{at}", [_number(at)], words.format(at), run) for at in range(count)]
    return Workload(f"a campaign of {count:,} texts", texts)


def _number(at: int) -> str:
    return f"23480301{at:05d}"
