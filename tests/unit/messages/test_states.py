from __future__ import annotations

import itertools

import pytest

from kobo_sms.messages import states
from kobo_sms.messages.states import State

# The states of docs/how-it-works.md, written down anew.
CONTRACT = [
    "queued",
    "held",
    "sending",
    "sent",
    "delivered",
    "undelivered",
    "do_not_disturb",
    "expired",
    "rejected",
    "failed",
    "lapsed",
    "cancelled",
    "unknown",
]
FINAL = ["delivered", "undelivered", "do_not_disturb", "expired", "rejected", "failed", "lapsed", "cancelled"]


def test_the_states_are_those_of_the_contract() -> None:
    assert list(states.ALL) == CONTRACT
    assert set(FINAL) == states.FINAL
    assert State.SPLIT not in states.ALL


@pytest.mark.parametrize(("old", "new"), list(itertools.product(FINAL, CONTRACT)))
def test_nothing_leaves_a_final_state(old: str, new: str) -> None:
    assert not states.may_follow(old, new)


@pytest.mark.parametrize("new", CONTRACT)
def test_only_a_report_ends_unknown(new: str) -> None:
    assert states.may_follow("unknown", new) is (new in {"delivered", "undelivered", "do_not_disturb", "expired"})


@pytest.mark.parametrize(("old", "new"), list(itertools.product(["queued", "held", "sending", "sent"], CONTRACT)))
def test_what_is_open_may_become_anything(old: str, new: str) -> None:
    assert states.may_follow(old, new)


def test_what_is_open_is_what_may_still_be_sent() -> None:
    assert {"queued", "held", "sending"} == states.OPEN
