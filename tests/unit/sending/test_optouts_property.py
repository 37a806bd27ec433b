"""Whoever opts out or in before an attempt: a call that may have been executed is only ever repeated as it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.kobomobile.answers import Accepted, Lost, Refused, SendAnswer, Unreachable
from kobo_sms.messages.parts import Part
from kobo_sms.messages.recipients import recipients_of
from kobo_sms.messages.request import Request
from kobo_sms.messages.states import State
from kobo_sms.sending.attempts import Claim, Finished
from kobo_sms.sending.decisions import Next, after_call, before_call
from kobo_sms.sending.part_items import PartItems
from kobo_sms.sending.store import Store
from tests.robustness.simulation.dynamodb import FakeDynamoDB, calm

NUMBERS = tuple(f"23480301{n:05d}" for n in range(5))
PART = Part(Request("order-1", NUMBERS, "Hello", promotional=True), 0.0)
ANSWERS: dict[str, SendAnswer] = {
    "lost": Lost("reset"),
    "billing": Refused("error_billing"),
    "credit": Refused("error_credit"),
    "param": Refused("error_param"),
    "unreachable": Unreachable("refused"),
}
# What befalls an attempt: an answer, or that it dies before or after its call.
attempts = st.lists(
    st.tuples(st.sets(st.sampled_from(NUMBERS)), st.sampled_from([*ANSWERS, "sent", "dies", "dies before"])), max_size=8
)


class Desk:
    """Makes attempts at one part over a table in memory, and remembers what KoboMobile may have executed."""

    def __init__(self) -> None:
        client = cast("Any", FakeDynamoDB(calm()))
        self.items = client
        self.store = Store(client, "messages", PartItems(keep_seconds=1e6, default_sender="Kobo"))
        self.now = 1000.0
        self.doubtful: tuple[str, ...] | None = None
        self.told: frozenset[str] = frozenset()

    def item(self) -> dict[str, Any]:
        (item,) = self.items.parts()
        return cast("dict[str, Any]", item)

    def attempt(self, gone: set[str], what: str) -> bool:
        """Make one attempt; return whether the part has come to its end."""
        self.now += 100
        claim = self.store.claim(PART, token=f"t{self.now}", now=self.now, until=self.now + 30, opted_out=gone)
        if isinstance(claim, Finished):
            return True
        assert isinstance(claim, Claim)
        part = claim.to_send
        assert part.message_uuid == PART.message_uuid
        if what == "dies before":
            # Nobody but the test knows that it made no call: it is repeated as if it had.
            self.doubtful = self.doubtful or part.request.to
            return False
        decision = before_call(part, claim.known, now=self.now, max_attempts=100)
        if decision is None:
            self._call(claim, part.request.to, gone, what)
            if what == "dies":
                return False
            answer = ANSWERS.get(what) or Accepted({to: f"id-{to}" for to in part.request.to})
            decision = after_call(part, claim.known, answer, max_attempts=100, counted=True)
        else:
            assert part.request.to == ()
        if decision.next is Next.SPLIT:
            assert self.store.split(claim, decision, now=self.now, label=what)
            again = self.store.claim(PART, token="other", now=self.now + 99, until=self.now + 100, opted_out=set())
            assert isinstance(again, Finished)
            assert list(again.smaller) == part.halves()
        else:
            self.store.record(claim, decision, now=self.now, label=what, due=None)
        return decision.next is not Next.RETRY

    def _call(self, claim: Claim, to: Sequence[str], gone: set[str], what: str) -> None:
        assert to
        assert self.doubtful in (None, to), "a call in doubt is repeated for others"
        if self.doubtful is None:
            assert not set(to) & (gone | self.told)
            assert set(to) | gone | self.told == set(NUMBERS)
        if what in ("lost", "dies"):
            self.doubtful = tuple(to)

    def look(self) -> None:
        """Nothing leaves a final state, and nobody is lost."""
        recipients = recipients_of(self.item())
        assert recipients.keys() == set(NUMBERS)
        told = frozenset(to for to, each in recipients.items() if each.reason == "opted out")
        assert all(recipients[to].state == State.REJECTED for to in told)
        assert self.told <= told
        self.told = told


@given(attempts)
def test_a_call_in_doubt_is_only_ever_repeated_as_it_was(attempts: list[tuple[set[str], str]]) -> None:
    desk = Desk()
    for gone, what in attempts:
        ended = desk.attempt(gone, what)
        desk.look()
        if ended:
            return
    assert desk.attempt(set(), "sent")
    desk.look()


def test_who_forgets_what_was_left_out_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kobo_sms.sending.part_items._left_out", lambda old, asked: frozenset(asked))
    desk = Desk()
    assert not desk.attempt({NUMBERS[0]}, "lost")
    with pytest.raises(AssertionError, match="repeated for others"):
        desk.attempt(set(), "sent")
