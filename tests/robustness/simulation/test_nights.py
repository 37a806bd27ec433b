"""Quiet hours on simulated time: nothing of the bulk lane goes out in them, all of it afterwards, passwords always."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from kobo_sms.messages.quiet_hours import QuietPeriod
from kobo_sms.runtime import Deadline
from kobo_sms.valve import rules
from kobo_sms.valve.bulk_rest import BulkRest
from tests.robustness.simulation.functions import Makers
from tests.robustness.simulation.nights import quiet_between
from tests.robustness.simulation.publications import START
from tests.robustness.simulation.scenario import Event
from tests.robustness.simulation.stage import DOWN, HOUR, MINUTE, Stage, event, stage, texts
from tests.robustness.simulation.stored import BULK, PRIORITY

# From ten minutes after the start, twelve hours.
EVENING, MORNING = 10 * MINUTE, 10 * MINUTE + 12 * HOUR
NIGHT = quiet_between(START + EVENING, START + MORNING)
# Until the first check in the morning, until AWS has enabled the mapping, and an hour for what was kept in hand.
UNTIL_ALL_IS_OUT = HOUR + 5 * MINUTE
PASSWORDS_EVERY = 1000.0
WAVE, WAVES, FIRST_PASSWORD = 60, 7, "2348030190000"


def campaign() -> list[Any]:
    """Texts that are queued before the night, during it and as it ends, in waves; a password now and then."""
    queued = (0.0, EVENING - 90, EVENING - 30, EVENING - 1, EVENING + 1, 4 * HOUR, MORNING - 1)
    bulk = [one for at, when in enumerate(queued) for one in texts(WAVE, BULK, at=when, first=WAVE * at)]
    times = [at * PASSWORDS_EVERY for at in range(int(MORNING / PASSWORDS_EVERY))]
    return bulk + [one for at, when in enumerate(times) for one in texts(1, PRIORITY, at=when, first=90_000 + at)]


def night(events: Sequence[Event] = (), seed: int = 1, **fields: Any) -> Any:
    return stage(campaign(), events, seed=seed, quiet_hours=NIGHT, **fields)


def executed(on: Stage) -> list[tuple[str, float]]:
    """Return each number that was sent to, and when."""
    found = [(sms["to"], datetime.fromisoformat(sms["at"])) for sms in on.world.kobo.executed()]
    return [(number, at.timestamp() - START) for number, at in found]


def at_night(on: Stage) -> list[float]:
    """Return when a text of the bulk lane was executed in quiet hours."""
    found = [at for number, at in executed(on) if number < FIRST_PASSWORD]
    return [at for at in found if EVENING <= at < MORNING]


def passwords(on: Stage) -> list[float]:
    """Return how long each password took to be executed."""
    sent = [(number, at) for number, at in executed(on) if number >= FIRST_PASSWORD]
    return [at - (int(number) % 10_000) * PASSWORDS_EVERY for number, at in sent]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_night(seed: int) -> None:
    with night(seed=seed) as on:
        on.run(MORNING - 1)
        before = on.sent().total()
        assert at_night(on) == []
        assert on.closed() == {BULK: "quiet_hours"}
        on.run(MORNING + UNTIL_ALL_IS_OUT)

        assert at_night(on) == []
        assert len(on.sent()) == on.sent().total() == WAVES * WAVE + len(passwords(on))
        # What is queued a minute and a half earlier still goes out; what comes later waits.
        assert WAVE <= before - len(passwords(on)) <= 2 * WAVE
        assert max(passwords(on)) < 5
        assert len(passwords(on)) == int(MORNING / PASSWORDS_EVERY)
        on.finish()
        assert on.alerts() == []
        assert [cause for _, cause in on.changes(BULK)] == ["quiet_hours", ""]
        assert on.attempts() == {("sent", 1): len(on.sent())}


def test_the_whole_night_without_check_credit() -> None:
    with night([event(0.0, "no_checks", lasting=MORNING + HOUR)]) as on:
        on.run(MORNING + 5 * HOUR)
        assert on.changes(BULK) == []
        assert at_night(on) == []
        assert len(on.sent()) == WAVES * WAVE + len(passwords(on))
        # An hour, an hour ...: what is kept in hand costs a receive each time, and no more.
        assert max(item.receives for item in on.world.sqs.messages.values()) < 20 if on.world.sqs.messages else True
        on.finish()


@pytest.mark.parametrize(
    ("begin", "lasting", "causes"),
    [
        (2 * HOUR + 5, 4 * HOUR, ["quiet_hours", ""]),
        (MORNING - HOUR, 3 * HOUR, ["quiet_hours", "gateway", ""]),
        # A password that arrives in the night tells that the gateway works again.
        (0.5, 2 * HOUR, ["gateway", "quiet_hours", ""]),
    ],
    ids=["in the night", "into the morning", "from the evening on"],
)
def test_the_gateway_is_down(begin: float, lasting: float, causes: list[str]) -> None:
    with night([event(begin, "break_kobomobile", lasting=lasting, **DOWN)]) as on:
        on.run(MORNING + 5)
        assert at_night(on) == []
        assert {call.lane for call in on.calls(EVENING, MORNING)} == {PRIORITY}
        on.run(max(MORNING, begin + lasting) + UNTIL_ALL_IS_OUT)
        on.finish()
        assert at_night(on) == []
        assert [cause for _, cause in on.changes(BULK)] == causes
        assert on.alerts() == ["gateway", "recovered"]
        assert len(on.sent()) == on.sent().total() == WAVES * WAVE + len(passwords(on))


def test_an_operator_wakes_the_lane_and_the_next_night_is_quiet_again() -> None:
    again = texts(10, BULK, at=25 * HOUR, first=2000)
    wake = event(HOUR, "open_", lanes=(BULK,), wake=True)
    with stage([*campaign(), *again], [wake], quiet_hours=NIGHT) as on:
        on.run(2 * HOUR)
        assert on.closed() == {}
        assert len([at for at in at_night(on) if at < HOUR]) == 0
        assert len(at_night(on)) > 0
        on.run(25 * HOUR + 11 * HOUR)
        assert on.closed() == {BULK: "quiet_hours"}
        assert not any(f"23480301{n:05d}" in on.sent() for n in range(2000, 2010))
        on.finish()
        assert on.sent()["2348030102009"] == 1


def test_an_operator_who_opens_both_lanes_wakes_none() -> None:
    with night([event(HOUR, "open_", lanes=(PRIORITY, BULK))]) as on:
        on.run(MORNING - 1)
        assert at_night(on) == []
        assert on.closed() == {BULK: "quiet_hours"}
        on.finish()


class _NeverWaits(BulkRest):
    def wait_for(self, lane: Any, deadline: Deadline) -> int:
        return 0


class _LooksAtTheClockOnly(BulkRest):
    def wait_for(self, lane: Any, deadline: Deadline) -> int:
        return super().wait_for(lane, Deadline(self._clock(), self._clock))


@pytest.mark.parametrize("rest", [_NeverWaits, _LooksAtTheClockOnly])
def test_who_sends_into_the_night_is_found(rest: type[BulkRest], monkeypatch: pytest.MonkeyPatch) -> None:
    # As if check_credit came late: else it has closed the lane by then.
    monkeypatch.setattr(rules, "RESTS_EARLIER", -HOUR)
    with night(makers=Makers(rest=rest)) as on:
        on.run(EVENING + HOUR)
        assert at_night(on) != []
        assert all(each.endswith("sent in quiet hours") for each in on.world.ledger.violations)
        assert len(on.world.ledger.violations) == len(at_night(on))


def test_who_never_rests_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(valve: Any, lane: Any, state: Any, quiet: QuietPeriod, now: float) -> Any:
        return state

    monkeypatch.setattr(rules, "_rest", never)
    with night() as on:
        on.run(MORNING)
        assert on.closed() == {}
