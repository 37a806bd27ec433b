"""What a retry or a drop is about to do, told before it is done: letter by letter, and in all.

Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kobo_cli.dead.letters import Letter
from kobo_cli.dead.verdicts import Step, Verdict
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.messages.parts import ROOT


@dataclass(frozen=True)
class Planned:
    """What is to become of one letter; `sms` and `pages` of what goes back on its lane."""

    letter: str
    request_id: str
    part: str | None
    step: Step
    why: str
    lane: Lane | None = None
    sms: int = 0
    pages: int = 0

    @property
    def acts(self) -> bool:
        """Whether anything is done about the letter."""
        return self.step is not Step.STAY

    @property
    def sends(self) -> bool:
        """Whether the letter's message goes back on its lane."""
        return self.step in (Step.REOPEN, Step.QUEUE)


@dataclass(frozen=True)
class Totals:
    """What goes back on the lanes in all; several letters of one part send it once."""

    letters: int
    sms: int
    pages: int
    lanes: dict[Lane, int]


def planned(letter: Letter, verdict: Verdict) -> Planned:
    """Return what is planned for a letter."""
    sms = len(verdict.back[1].request.to) if verdict.back else 0
    pages = sms * verdict.back[1].request.pages if verdict.back else 0
    return Planned(
        letter.message_id, letter.request_id, letter.part, verdict.step, verdict.why, verdict.lane, sms, pages
    )


def totals(plan: Iterable[Planned]) -> Totals:
    """Return what the plan sends in all."""
    sent = [each for each in plan if each.sends]
    parts = {(each.request_id, each.part or ROOT): each for each in sent}.values()
    lanes = Counter(each.lane for each in sent)
    return Totals(
        len(sent),
        sum(each.sms for each in parts),
        sum(each.pages for each in parts),
        {lane: lanes[lane] for lane in LANES if lanes[lane]},
    )


def reasons(plan: Sequence[Planned], *steps: Step) -> list[tuple[str, int]]:
    """Return why letters are treated so, and how many for each reason; the most frequent first."""
    return Counter(each.why for each in plan if each.step in steps).most_common()
