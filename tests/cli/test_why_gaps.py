"""`kobo why` of what is not remembered: left out for its bounds, or never written by an older release."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from kobo_sms.messages.lanes import Lane
from kobo_sms.table import iso
from kobo_sms.valve.signals import GATEWAY
from kobo_sms.valve.state import ClosedByOperator, ClosedForCredit, ClosedForFault
from tests.cli.conftest import Deployed
from tests.cli.stored_life import NOW, QUEUED, Life, again, numbers, part_of, the, whats, why

ONE, TWO, THREE = numbers(3)
BUSY = "error_gw"


@pytest.fixture
def life(deployed: Deployed) -> Life:
    return Life(deployed)


@pytest.mark.parametrize(
    ("closed", "waits"),
    [
        (ClosedByOperator(QUEUED, "wrong text", "ada"), "until an operator opens it (kobo valve open)"),
        (ClosedForCredit(QUEUED), "until the balance has risen or a probe works"),
    ],
)
def test_a_closing_that_an_older_release_made_is_told_as_long_as_it_lasts(
    life: Life, closed: ClosedByOperator | ClosedForCredit, waits: str
) -> None:
    part = part_of("order-1", [ONE], QUEUED)
    life.attempt(part, QUEUED + 1, BUSY, again(), again=QUEUED + 4)
    life.set_valve({Lane.PRIORITY: closed}, QUEUED + 3, remembers=False)
    rows = why(life, "order-1")
    assert the(rows, "priority lane closed")["at"] == iso(QUEUED)
    assert waits in rows[-1]["why"]


def test_the_opening_of_a_lane_whose_closing_is_forgotten(life: Life) -> None:
    life.attempt(part_of("order-1", [ONE], QUEUED), QUEUED + 1, BUSY, again(), again=QUEUED + 4)
    life.set_valve({Lane.PRIORITY: ClosedForFault(GATEWAY, QUEUED + 2)}, QUEUED + 2, remembers=False)
    life.set_valve({}, QUEUED + 60)
    opened = the(why(life, "order-1"), "priority lane opened")
    assert opened["why"] == "when it was closed is not remembered any more"


def test_attempts_that_are_not_remembered_are_counted(life: Life) -> None:
    part = part_of("order-1", [ONE], QUEUED)
    for at in range(60):
        life.attempt(part, QUEUED + at, BUSY, again(attempts=0), again=QUEUED + at + 1)
    rows = why(life, "order-1")
    (gap,) = (at for at, row in enumerate(rows) if "not shown" in row["what"])
    shown = sum(row["what"] == "answered" for row in rows)
    assert rows[gap]["what"] == f"{60 - shown} attempts not shown"
    assert rows[gap + 1]["what"] == "claimed"
    assert whats(rows[:gap]) == ["queued", *["claimed", "answered"] * 10]


def test_rounds_that_are_not_remembered_are_counted(life: Life) -> None:
    part = part_of("order-1", [ONE], QUEUED)
    life.accept(part, QUEUED + 1)
    for at in range(30):
        life.hear(part, QUEUED + 100 + at, "PROCESSED", again=QUEUED + 101 + at)
    assert "10 rounds of reports not shown" in whats(why(life, "order-1"))


def age(life: Life, part: Any) -> None:
    """Make a part's item one that the release before the history wrote."""
    item = life.item(part)
    history = [{name: event[name] for name in ("at", "answer", "state")} for event in item["history"]]
    leases = {lease.split(" ")[0] for lease in item.get("leases", ())}
    life.edit(part, "rounds", "leases", history=history, **({"leases": leases} if leases else {}))


def test_an_item_of_an_older_release_is_told_with_what_is_missing(life: Life) -> None:
    part = part_of("order-1", [ONE], QUEUED)
    life.attempt(part, QUEUED + 1, BUSY, again(), again=QUEUED + 4)
    life.accept(part, QUEUED + 4)
    life.hear(part, QUEUED + 121, "PROCESSED", again=NOW + 60)
    life.edit(part, asked_at=Decimal(QUEUED + 121), calls=Decimal(5))
    age(life, part)
    rows = why(life, "order-1")
    assert whats(rows) == [
        *("queued", "3 attempts not shown", "answered", "answered", "report asked", "report asked next"),
    ]
    assert rows[2]["why"].endswith("an earlier release wrote this, which kept neither the lane nor the next try")
    assert rows[4]["why"] == "an earlier release asked, and did not remember the answers"


def test_an_attempt_of_an_older_release_that_is_under_way(life: Life) -> None:
    part = part_of("order-1", [ONE], QUEUED)
    life.claim(part, NOW - 1, lasts=6000)
    item = life.item(part)
    life.edit(part, "history", leases={lease.split(" ")[0] for lease in item["leases"]})
    assert the(why(life, "order-1"), "claimed")["at"] == iso(NOW - 1)
