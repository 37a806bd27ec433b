"""1,000 texts on the queue when something fails, on simulated time: what is sent, what it costs, who is told.

Each part ends `sent` with the attempts that counted: 1 is its success alone.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from kobo_sms.valve.rules import SUSPECTED_FOR
from tests.robustness.simulation.outages import AFTERWARDS, FIRST_HALF_MINUTE, PROBE_SIZE, most_probes
from tests.robustness.simulation.stage import DOWN, HOUR, MINUTE, PRICE, Stage, event, stage, texts
from tests.robustness.simulation.stored import BULK, PRIORITY

# A tick of the schedule, and the check that it starts: credit/, a probe and a few writes.
TICK = 60.0 + 5.0
BEGIN, SEEDS = 5.0, (1,)
ERROR = {"answer": "error_gw"}


def assert_all_sent(on: Stage) -> None:
    """All 1,000, each once, and nothing given up."""
    on.finish()
    assert len(on.sent()) == on.sent().total() == 1000
    assert {state for state, _ in on.attempts()} == {"sent"}
    assert on.world.sqs.dead == []
    assert on.closed() == {}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_balance_runs_out_and_is_topped_up(seed: int) -> None:
    top_up = event(HOUR, "top_up", credit=601 * PRICE)
    with stage(texts(1000, BULK), [top_up], seed=seed, balance=400 * PRICE) as on:
        on.run(HOUR - 1)

        assert len(on.sent()) == 400
        assert on.world.kobo.mock.gateway.account.balance == 0
        assert on.closed() == {BULK: "credit"}
        assert len(on.calls(answer="error_credit")) <= FIRST_HALF_MINUTE
        assert on.calls(since=MINUTE) == []
        assert on.alerts() == ["empty"]

        assert_all_sent(on)

        assert on.opened_at(BULK) <= HOUR + TICK
        assert on.alerts() == ["empty", "recovered"]
        assert on.attempts() == {("sent", 1): 1000}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("what", "arguments", "lasting"),
    [("suspend", {"lasting": HOUR}, HOUR), ("rotate", {"gap": 10 * MINUTE}, 10 * MINUTE)],
    ids=["suspended", "password rotated"],
)
def test_the_login_is_refused_for_a_while(what: str, arguments: dict[str, Any], lasting: float, seed: int) -> None:
    end = BEGIN + lasting
    with stage(texts(1000, BULK), [event(BEGIN, what, **arguments)], seed=seed) as on:
        on.run(end - 1)

        assert on.closed() == {PRIORITY: "credentials", BULK: "credentials"}
        # Each refused call is made once more with the secret fetched anew.
        assert len(on.calls(BEGIN, BEGIN + 30, answer="error_user")) <= 2 * FIRST_HALF_MINUTE
        assert len(on.calls(BEGIN + 30, BEGIN + 2 * MINUTE)) <= 2 * AFTERWARDS
        assert on.calls(BEGIN + 2 * MINUTE, end) == []
        assert on.alerts() == ["credentials"]

        assert_all_sent(on)

        assert on.opened_at(BULK) <= end + TICK
        assert on.alerts() == ["credentials", "recovered"]
        assert on.attempts() == {("sent", 1): 1000}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("fault", [DOWN, ERROR], ids=["time-outs", "error_gw"])
def test_everything_is_down_for_an_hour(fault: dict[str, Any], seed: int) -> None:
    end = BEGIN + HOUR
    with stage(texts(1000, BULK), [event(BEGIN, "break_kobomobile", lasting=HOUR, **fault)], seed=seed) as on:
        on.run(end - 1)

        assert on.closed() == {PRIORITY: "gateway", BULK: "gateway"}
        assert len([call for call in on.calls(BEGIN, BEGIN + 30) if call.answer != "sent"]) <= FIRST_HALF_MINUTE
        assert len(on.calls(BEGIN + 30, BEGIN + 2 * MINUTE)) <= AFTERWARDS
        # credit/ fails as well: a probe every quarter of an hour, and nothing else.
        assert len(on.probes()) == 3
        assert {call.probe for call in on.calls(BEGIN + 2 * MINUTE, end)} == {True}
        assert len(on.calls(BEGIN + 2 * MINUTE, end)) <= 3 * PROBE_SIZE
        assert on.alerts() == ["gateway"]

        assert_all_sent(on)

        assert on.opened_at(BULK) <= end + TICK
        assert on.alerts() == ["gateway", "recovered"]
        # Those that were called for before the valve closed, and nothing since.
        assert sum(count for (_, attempts), count in on.attempts().items() if attempts > 1) <= FIRST_HALF_MINUTE
        assert max(attempts for _, attempts in on.attempts()) <= 3


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("fault", [DOWN, ERROR], ids=["time-outs", "error_gw"])
def test_only_send_is_down_for_an_hour(fault: dict[str, Any], seed: int) -> None:
    end = BEGIN + HOUR
    down = event(BEGIN, "break_kobomobile", lasting=HOUR, endpoint="send", **fault)
    with stage(texts(1000, BULK), [down], seed=seed) as on:
        on.run(end - 1)

        ((closed_at, _),) = on.changes(BULK)
        # Suspected lanes are probed at once, after half a minute and after a minute.
        assert SUSPECTED_FOR <= closed_at - BEGIN <= SUSPECTED_FOR + TICK
        assert 2 <= len(on.probes(until=closed_at)) <= 3
        assert len([call for call in on.calls(BEGIN, BEGIN + 30) if call.answer != "sent"]) <= FIRST_HALF_MINUTE
        assert len([call for call in on.calls(BEGIN + 30, BEGIN + 3 * MINUTE) if not call.probe]) <= AFTERWARDS
        assert {call.probe for call in on.calls(BEGIN + 3 * MINUTE, end)} == {True}
        # Each wait is twice the last, up to 15 minutes; a probe comes with the tick after it, and takes a while.
        probes = on.probes(since=closed_at)
        assert 5 <= len(probes) <= most_probes(HOUR)
        waits = [later - earlier for earlier, later in pairwise([closed_at, *probes])]
        longest = (15, 30, 60, 120, 240, 480, 900, 900, 900)
        assert all(most <= wait <= most + 2 * TICK for wait, most in zip(waits, longest, strict=False))
        assert on.alerts() == ["gateway"]

        assert_all_sent(on)

        # No flapping: closed once, opened once, within one wait for a probe.
        assert [cause for _, cause in on.changes(BULK)] == ["gateway", ""]
        assert on.opened_at(BULK) <= end + 900 + TICK
        assert on.alerts() == ["gateway", "recovered"]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("lanes", "most"),
    [((BULK,), FIRST_HALF_MINUTE), ((PRIORITY, BULK), 2 * FIRST_HALF_MINUTE)],
    ids=["one lane", "both lanes"],
)
@pytest.mark.parametrize("fault", [DOWN, ERROR], ids=["time-outs", "error_gw"])
def test_a_burst_comes_while_all_is_down(fault: dict[str, Any], lanes: tuple[str, ...], most: int, seed: int) -> None:
    each = 1000 // len(lanes)
    burst = [one for at, lane in enumerate(lanes) for one in texts(each, lane, first=at * each)]
    with stage(burst, [event(0.0, "break_kobomobile", lasting=HOUR, **fault)], seed=seed) as on:
        on.run(HOUR)

        # 5 invocations make 2 calls each before any of them knows, for each lane.
        assert 10 * len(lanes) <= len(on.calls(until=30)) <= most
        assert len(on.calls(30, 2 * MINUTE)) <= AFTERWARDS * len(lanes)
        assert {call.probe for call in on.calls(since=2 * MINUTE)} == {True}

        assert_all_sent(on)
        assert on.alerts() == ["gateway", "recovered"]
