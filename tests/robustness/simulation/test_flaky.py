"""Texts go out at the pace that the good answers allow (guarantee 9), on simulated time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from tests.robustness.simulation.chaos import CALM, Odds
from tests.robustness.simulation.flaky import KILLS, TEXTS, allowed, live, simulate_flaky
from tests.robustness.simulation.flaws import LOST, NETWORK, REFUSED, Flaw
from tests.robustness.simulation.outages import AFTERWARDS
from tests.robustness.simulation.stage import HOUR, MINUTE, event, stage, texts
from tests.robustness.simulation.stored import BULK, PRIORITY

RESET, HTML_503, ERROR_GW = LOST[0], LOST[2], REFUSED[0]


def cases(how: Mapping[str, Any], name: str, calm: Iterable[int], killed: Iterable[int] = ()) -> list[object]:
    """Return the shares (per cent) that fail in one way; processes are killed meanwhile at the second ones."""
    shares = [*((share, CALM, "") for share in calm), *((share, KILLS, " killed") for share in killed)]
    return [pytest.param(share / 100, how, odds, id=f"{share} {name}{note}") for share, odds, note in shares]


# `make fuzz` tries all sorts.
@pytest.mark.parametrize(
    ("share", "how", "odds"),
    [
        *cases(RESET, "reset", (3, 5, 10, 30, 50), (50,)),
        *cases(HTML_503, "html_503", (30,)),
        *cases(ERROR_GW, "error_gw", (3, 10, 50), (10,)),
    ],
)
def test_a_share_that_fails_slows_sending_by_that_share(share: float, how: Mapping[str, Any], odds: Odds) -> None:
    flaw = Flaw(share, how, seed=round(100 * share))

    progress = live(flaw, odds=odds, seed=round(100 * share))

    assert progress.violations == ()
    assert progress.closed == []
    assert progress.half_after <= allowed(flaw)
    # Twelve attempts fail by chance once in 4,000, where every other one does.
    assert progress.accepted >= TEXTS - 3


@pytest.mark.parametrize(
    "flaw",
    [
        Flaw(1.0, LOST[0], network=NETWORK),
        Flaw(1.0, REFUSED[0], environment=1),
        Flaw(1.0, LOST[0], burst=5.0),
        Flaw(1.0, REFUSED[0], burst=60.0),
        Flaw(0.6, LOST[1]),
    ],
    ids=["one network", "one function", "short bursts", "long bursts", "60 %"],
)
def test_what_fails_for_some_stops_nobody_else(flaw: Flaw) -> None:
    progress = live(flaw, seed=3)

    assert progress.violations == ()
    assert progress.half_after <= allowed(flaw)


@pytest.mark.parametrize(("broken", "other"), [(BULK, PRIORITY), (PRIORITY, BULK)])
def test_a_lane_for_which_all_fails_leaves_the_other_open(broken: str, other: str) -> None:
    spoilt = event(0.0, "spoil", flaw=Flaw(1.0, LOST[0], lane=broken), lasting=HOUR)
    both = [*texts(300, broken), *(one for at in range(300) for one in texts(1, other, at=2.0 * at, first=300 + at))]
    with stage(both, [spoilt], calls_at_once=4) as on:
        on.run(20 * MINUTE)

        assert [cause for _, cause in on.changes(broken) if cause] == ["gateway"]
        assert on.changes(other) == []
        accepted = [call for call in on.calls(answer="sent") if call.lane == other]
        assert len(accepted) == 300
        # Each within moments, from the first to the last.
        assert max(call.at for call in accepted) - on.world.scenario.publications[0].at < 2.0 * 300 + 10
        on.finish()


@pytest.mark.parametrize("how", [RESET, ERROR_GW], ids=["reset", "error_gw"])
def test_a_gateway_that_never_answers_is_asked_ever_less(how: Mapping[str, Any]) -> None:
    with stage(texts(TEXTS, PRIORITY), [event(0.0, "spoil", flaw=Flaw(1.0, how), lasting=HOUR)], calls_at_once=4) as on:
        on.run(HOUR - 1)

        by_minute = [len(on.calls(30 + 60 * minute, 90 + 60 * minute)) for minute in range(50)]
        assert by_minute[0] <= AFTERWARDS + 9
        assert max(by_minute[2:]) <= 3
        assert sum(by_minute[2:]) <= 3 * 9
        on.finish()


def test_a_minute_of_outage_closes_nothing_and_costs_little_more() -> None:
    with stage(
        texts(TEXTS, BULK), [event(2.0, "break_kobomobile", lasting=MINUTE, endpoint="send", **REFUSED[0])]
    ) as on:
        on.run(5 * MINUTE)

        assert on.changes(BULK) == []
        assert len(on.sent()) == TEXTS
        assert max(call.at for call in on.calls(answer="sent")) - on.world.scenario.publications[0].at < 3 * MINUTE


@pytest.mark.parametrize("first", range(0, 4, 2))
def test_random_flaky_worlds_keep_moving(first: int) -> None:
    failed = [result for result in map(simulate_flaky, range(first, first + 2)) if result.violations]

    assert not failed, "\n".join(map(str, failed))
