"""report/ loses a share of its answers: that slows a run by this share and no more."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from kobo_sms.reports.limit import FIRST_CALLS
from kobo_sms.valve.signals import GATEWAY
from kobo_sms.valve.state import ClosedForFault, Valve
from kobo_sms.valve.store import ValveStore
from tests.integration.reports.polled_parts import NUMBERS, FlakyGateway, due_of, finals, put, run

if TYPE_CHECKING:
    from tests.integration.conftest import Clock, Stack
    from tests.integration.reports.conftest import MakePoller

PARTS, RECIPIENTS = 60, 5
ALL = PARTS * RECIPIENTS


@pytest.fixture(params=[{}, {"bulk": ClosedForFault(GATEWAY, 1.0)}], ids=["open", "closed"])
def parts_due(request: pytest.FixtureRequest, aws: Stack, clock: Clock) -> None:
    """Parts that are due; send/ works, or the valve is closed as it does not."""
    assert ValveStore(aws.dynamodb, "messages").write(Valve(request.param), version=0)
    for at in range(PARTS):
        put(aws, clock, f"order-{at:02}", *NUMBERS[:RECIPIENTS], due=-100.0 + at, shard=str(at % 8))


@pytest.mark.usefixtures("parts_due")
@pytest.mark.parametrize("losing", [0.01, 0.1, 0.5])
def test_a_share_of_lost_answers_leaves_that_share_to_later_runs(
    aws: Stack, clock: Clock, make_poller: MakePoller, losing: float
) -> None:
    gateway = FlakyGateway(losing=losing)
    poller = make_poller(gateway, most_at_once=8)
    tally = run(poller, clock)
    assert (tally.stopped, tally.failure, tally.calls) == (None, None, ALL)
    # What is left to chance: three standard deviations.
    least = (1 - losing) * ALL - 3 * math.sqrt(ALL * losing * (1 - losing))
    assert finals(aws) == tally.calls - tally.unanswered >= least
    for _ in range(math.ceil(math.log(ALL) / -math.log(losing)) + 2):
        clock.now += 3600
        assert run(poller, clock).stopped is None
    assert finals(aws) == ALL
    assert set(due_of(aws).values()) == {None}


@pytest.mark.usefixtures("parts_due")
def test_an_outage_costs_few_calls_a_run_and_no_time_afterwards(
    aws: Stack, clock: Clock, make_poller: MakePoller
) -> None:
    gateway = FlakyGateway(losing=1.0)
    poller = make_poller(gateway, most_at_once=8)
    for _ in range(5):
        assert run(poller, clock).stopped == GATEWAY
        clock.now += 60
    assert len(gateway.asked) <= 5 * FIRST_CALLS
    gateway.losing = 0.0
    assert run(poller, clock).calls == finals(aws) == ALL
