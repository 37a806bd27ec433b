"""A letter is dealt with as its part stands at that moment, and deleted last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from kobo_cli.dead.carrying_out import ANOTHER, CHANGED, Desk
from kobo_cli.dead.letters import Letter
from kobo_cli.dead.verdicts import Step
from kobo_sms.aws.queues import Message
from kobo_sms.messages.parts import Part
from kobo_sms.sending.standing import Standing
from tests.cli.dead.letters import DAY, JUDGE, NOW, letter, standing


@dataclass
class Office:
    """The table, the lanes and the look, in one: what is done to them, in order.

    `standings`: how the part stands at each reading; the last one stays. `changed`: how many writes find it changed.
    """

    standings: Sequence[Standing | None]
    changed: int = 0
    steps: list[str] = field(default_factory=list)
    back: list[tuple[Message, Part]] = field(default_factory=list)

    def find(self, request_id: str, part: str) -> Standing | None:
        self.steps.append(f"find {request_id}/{part}")
        return self.standings[min(sum(step.startswith("find") for step in self.steps), len(self.standings)) - 1]

    def reopen(self, standing: Standing, letter: str, *, now: float) -> bool:
        self.steps.append(f"reopen for {letter}")
        return self._write()

    def end(self, standing: Standing, *, now: float) -> bool:
        self.steps.append("end")
        return self._write()

    def end_unclaimed(self, part: Part, *, now: float) -> bool:
        self.steps.append("end unclaimed")
        return self._write()

    def put_again(self, message: Message, part: Part) -> None:
        self.steps.append(f"put on {message.lane}")
        self.back.append((message, part))

    def delete(self, letter: Letter) -> None:
        self.steps.append(f"delete {letter.message_id}")

    def _write(self) -> bool:
        self.changed -= 1
        return self.changed < 0


def desk(office: Office, rule: str = "retry") -> Desk:
    return Desk(getattr(JUDGE, rule), cast("Any", office), cast("Any", office), lambda: NOW)


def test_a_retry_in_its_order() -> None:
    office = Office([standing(letter())])
    done = desk(office).deal_with(letter(), cast("Any", office))
    assert office.steps == ["find order-1/0", "reopen for letter-1", "put on bulk", "delete letter-1"]
    assert (done.step, done.sms, done.pages) == (Step.REOPEN, 1, 1)


def test_what_goes_back_counts_as_queued_now() -> None:
    """After 13 days in a queue a message is given up: a letter may be as old as that."""
    old = Letter("letter-1", "h", letter().body, letter().notes, NOW - 13.9 * DAY)
    office = Office([standing(old)])
    desk(office).deal_with(old, cast("Any", office))
    ((message, part),) = office.back
    assert (part.queued_at, part.name, part.origin, part.request.id) == (NOW, "0", "0", "order-1")
    assert message.body == old.body


def test_what_has_changed_is_judged_anew() -> None:
    office = Office([standing(letter()), standing(letter(), "sent")], changed=1)
    done = desk(office).deal_with(letter(), cast("Any", office))
    assert (done.step, office.back) == (Step.STAY, [])
    assert office.steps == ["find order-1/0", "reopen for letter-1", "find order-1/0"]


@pytest.mark.parametrize(("rule", "state"), [("retry", "failed"), ("drop", "queued")])
def test_what_changes_all_the_time_is_left_alone(rule: str, state: str) -> None:
    office = Office([standing(letter(), state)], changed=100)
    done = desk(office, rule).deal_with(letter(), cast("Any", office))
    assert (done.step, done.why, office.back) == (Step.STAY, CHANGED, [])
    assert not any(step.startswith("delete") for step in office.steps)


def test_a_drop_in_its_order() -> None:
    office = Office([standing(letter(), "queued")])
    assert desk(office, "drop").deal_with(letter(), cast("Any", office)).step is Step.END
    assert office.steps == ["find order-1/0", "end", "delete letter-1"]


def test_what_cannot_be_read_is_looked_up_nowhere() -> None:
    office = Office([None])
    assert desk(office, "drop").deal_with(letter("{not JSON"), cast("Any", office)).step is Step.DELETE
    assert office.steps == ["delete letter-1"]


def test_another_letter_of_the_part_sends_nothing() -> None:
    office = Office([standing(letter()), standing(letter(), "queued")])
    both = desk(office)
    both.deal_with(letter(), cast("Any", office))
    done = both.deal_with(letter(id_="letter-2"), cast("Any", office))
    assert (done.step, done.why, len(office.back)) == (Step.DELETE, ANOTHER, 1)
    # Of the same name, but of other content: it is none of it.
    other = letter({"id": "order-1", "to": "+2348030100001", "msg": "Other"}, id_="letter-3")
    assert both.deal_with(other, cast("Any", office)).step is Step.STAY
