"""Retries and drops, letter by letter: a letter is deleted only once what it stands for is safe.

Each letter is judged anew at that moment, by its part as it stands in the table then. Dying between two steps leaves
the letter where it is, and doing the same again finishes what was begun. Two operators at once do nothing twice: the
write of the one finds what the other has changed, and the letter is judged anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from kobo_cli.dead.letters import Letter
from kobo_cli.dead.plan import Planned, planned
from kobo_cli.dead.queue import Look
from kobo_cli.dead.verdicts import Step, Verdict
from kobo_sms.aws.dynamodb import compare_and_swap
from kobo_sms.aws.queues import Message, Queues
from kobo_sms.errors import WriteConflict
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.parts import ROOT, Part
from kobo_sms.sending.operator_store import OperatorStore
from kobo_sms.sending.standing import Standing

ANOTHER = "another letter of the same part was put back"
CHANGED = "its part was changed by others all the time; try again"
# What a letter is to be treated like, at a moment, when its part stands so.
Rule = Callable[[Letter, Standing | None, float], Verdict]


@dataclass(frozen=True)
class Desk:
    """Where letters are dealt with by one rule; `clock` gives epoch seconds. Errors of AWS pass through."""

    rule: Rule
    store: OperatorStore
    lanes: Queues
    clock: Callable[[], float]
    # What was put back so far: id, part, content. More letters of it are to send nothing more.
    _sent: set[tuple[str, str, str]] = field(default_factory=set)

    def deal_with(self, letter: Letter, look: Look) -> Planned:
        """Do with a letter what the rule says now; return what was done."""
        try:
            verdict = compare_and_swap(
                lambda: self._find(letter),
                lambda standing: self._judge(letter, standing),
                lambda standing, verdict: self._write(letter, standing, verdict),
                what="the part",
            )
        except WriteConflict:
            verdict = Verdict(Step.STAY, CHANGED)
        if verdict.back is not None:
            self._put_back(letter, *verdict.back)
        if verdict.step is not Step.STAY:
            look.delete(letter)
        return planned(letter, verdict)

    def _find(self, letter: Letter) -> Standing | None:
        return self.store.find(letter.request_id, letter.part) if letter.part is not None else None

    def _judge(self, letter: Letter, standing: Standing | None) -> Verdict:
        verdict = self.rule(letter, standing, self.clock())
        if verdict.part is not None and _name(verdict.part) in self._sent:
            return Verdict(Step.DELETE, ANOTHER)
        return verdict

    def _write(self, letter: Letter, standing: Standing | None, verdict: Verdict) -> bool:
        """Write what the verdict changes in the table; False when somebody else has changed it since."""
        now = self.clock()
        if verdict.step is Step.REOPEN and standing is not None:
            return self.store.reopen(standing, letter.message_id, now=now)
        if verdict.step is Step.END and standing is not None:
            return self.store.end(standing, now=now)
        if verdict.step is Step.END_UNCLAIMED and verdict.part is not None:
            return self.store.end_unclaimed(verdict.part, now=now)
        return True

    def _put_back(self, letter: Letter, lane: Lane, part: Part) -> None:
        # Queued now: as old as it was, it might be given up for its age at once.
        message = Message(letter.message_id, letter.handle, letter.body, {}, letter.sent_at, lane)
        self.lanes.put_again(message, replace(part, queued_at=self.clock()))
        self._sent.add(_name(part))


def carry_out(look: Look, desk: Desk, wanted: set[str], done: list[Planned], progress: Callable[[int], object]) -> None:
    """Deal with the letters whose message ids are `wanted`, until a look brings no more of them.

    What was done is added to `done`, and taken out of `wanted`, at once: so it is known when an error ends it.
    `progress` is told how many are done.
    """

    def deal_with(letters: Sequence[Letter]) -> None:
        # Several letters of one part, one after the other.
        for letter in letters:
            done.append(desk.deal_with(letter, look))
            wanted.discard(letter.message_id)

    for letters in look:
        mine = [letter for letter in letters if letter.message_id in wanted]
        for _ in look.map(deal_with, _by_part(mine)):
            progress(len(done))
        if not wanted:
            return


def _name(part: Part) -> tuple[str, str, str]:
    return part.request.id, part.name, part.fingerprint("")


def _by_part(letters: Iterable[Letter]) -> list[list[Letter]]:
    groups: dict[tuple[str, str], list[Letter]] = {}
    for letter in letters:
        groups.setdefault((letter.request_id, letter.part or ROOT), []).append(letter)
    return list(groups.values())
