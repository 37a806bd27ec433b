"""When a run of the poller stops, and that it leaves the schedule as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kobo_sms.answers import Lost, Refused, Report
from kobo_sms.polling_run import OUTAGE_AFTER
from kobo_sms.signs import CREDENTIALS, CREDIT, GATEWAY
from kobo_sms.valve import OPERATOR, Closed, Valve
from kobo_sms.valve_store import ValveStore
from tests.integration.functions.sending.polled_parts import Gateway, due_of, parts, put, run

if TYPE_CHECKING:
    from kobo_sms.polling import Poller
    from tests.integration.functions.conftest import Clock, Stack

DELIVERED, DOWN = Report("DELIVRD"), Refused("error_gw")
NUMBERS = tuple(f"23480301{at:05d}" for at in range(40))


def test_an_outage_stops_the_run_and_leaves_the_schedule(
    aws: Stack, clock: Clock, gateway_poller: Poller, gateway: Gateway
) -> None:
    for at in range(30):
        put(aws, clock, f"order-{at:02}", due=-100.0 + at, shard=str(at % 8))
    before = due_of(aws)
    gateway.answer = DOWN
    tally = run(gateway_poller, clock)
    assert (tally.stopped, tally.calls, tally.unanswered, tally.parts) == ("gateway", OUTAGE_AFTER, OUTAGE_AFTER, 0)
    assert due_of(aws) == before
    gateway.answer = DELIVERED
    assert run(gateway_poller, clock).calls == 30
    assert set(due_of(aws).values()) == {None}


def test_refused_credentials_stop_it_too(aws: Stack, clock: Clock, gateway_poller: Poller, gateway: Gateway) -> None:
    put(aws, clock, "order-1", *NUMBERS)
    gateway.answer = Refused("error_user")
    assert run(gateway_poller, clock).stopped == "credentials"


def test_an_outage_in_the_middle_keeps_what_was_learned(
    aws: Stack, clock: Clock, gateway_poller: Poller, gateway: Gateway
) -> None:
    put(aws, clock, "order-1", *NUMBERS)
    gateway.answers = {f"order-1-{number}": Lost("timeout") for number in NUMBERS[5:]}
    tally = run(gateway_poller, clock)
    assert (tally.stopped, tally.calls) == ("gateway", 5 + OUTAGE_AFTER)
    known = parts(aws)["order-1"]
    assert sum("state" in each for each in known["recipients"].values()) == 5
    # The others are due still.
    assert float(known["due_at"]) <= clock.now


def test_one_message_that_always_fails_stops_nobody(
    aws: Stack, clock: Clock, gateway_poller: Poller, gateway: Gateway
) -> None:
    for at in range(3 * OUTAGE_AFTER):
        put(aws, clock, f"order-{at:02}", due=-100.0 + at)
    bad = {f"order-{at:02}" for at in range(0, 3 * OUTAGE_AFTER, 2)}
    gateway.answers = {f"{id_}-{NUMBERS[0]}": DOWN for id_ in bad}
    tally = run(gateway_poller, clock)
    assert tally.stopped is None
    assert {id_ for id_, at in due_of(aws).items() if at is not None} == bad
    # They wait their turn, all but the last, after which nobody was heard.
    assert sum(at is not None and at > clock.now for at in due_of(aws).values()) >= len(bad) - 1


@pytest.mark.parametrize(
    ("lanes", "stopped"),
    [
        ({"bulk": Closed(GATEWAY, 1.0)}, GATEWAY),
        ({"bulk": Closed(CREDIT, 1.0), "priority": Closed(CREDENTIALS, 1.0)}, CREDENTIALS),
        ({"bulk": Closed(CREDIT, 1.0)}, None),
        ({"bulk": Closed(OPERATOR, 1.0), "priority": Closed(OPERATOR, 1.0, beneath=CREDIT)}, None),
        # Whom an operator keeps waiting besides makes no gateway work.
        ({"bulk": Closed(OPERATOR, 1.0, beneath=GATEWAY)}, GATEWAY),
        ({}, None),
    ],
)
def test_a_closed_valve_stops_it_where_nobody_would_answer(
    aws: Stack, clock: Clock, gateway_poller: Poller, gateway: Gateway, lanes: dict[str, Closed], stopped: str | None
) -> None:
    put(aws, clock, "order-1")
    before = due_of(aws)
    assert ValveStore(aws.dynamodb, "messages").write(Valve(lanes), version=0, spent=())
    assert run(gateway_poller, clock).stopped == stopped
    assert bool(gateway.asked) == (stopped is None)
    assert (due_of(aws) == before) == (stopped is not None)
    assert len(aws.calls.of("dynamodb.GetItem")) == 1
