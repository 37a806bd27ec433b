"""When a run of the poller stops, that it leaves the schedule as it was, and what does not stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kobo_sms.kobomobile.answers import Lost, Refused
from kobo_sms.messages.lanes import Lane
from kobo_sms.reports.limit import CALLS_IN_A_ROW, FIRST_CALLS
from kobo_sms.valve.signals import CREDENTIALS, CREDIT, GATEWAY
from kobo_sms.valve.state import Closed, ClosedByOperator, ClosedForCredit, ClosedForFault, Valve
from kobo_sms.valve.store import ValveStore
from tests.integration.reports.polled_parts import DELIVERED, DOWN, NUMBERS, Gateway, due_of, finals, parts, put, run

if TYPE_CHECKING:
    from kobo_sms.reports.poller import Poller
    from tests.integration.conftest import Clock, Stack
    from tests.integration.reports.conftest import MakePoller


def close_valve(aws: Stack, **lanes: Closed) -> None:
    assert ValveStore(aws.dynamodb, "messages").write(
        Valve({Lane(lane): closed for lane, closed in lanes.items()}), version=0
    )


@pytest.mark.parametrize("at_once", [1, 8])
def test_an_outage_stops_the_run_and_leaves_the_schedule(
    aws: Stack, clock: Clock, make_poller: MakePoller, gateway: Gateway, at_once: int
) -> None:
    for at in range(30):
        put(aws, clock, f"order-{at:02}", due=-100.0 + at, shard=str(at % 8))
    before, poller = due_of(aws), make_poller(gateway, most_at_once=at_once)
    gateway.answer = DOWN
    tally = run(poller, clock)
    assert (tally.stopped, tally.calls, tally.unanswered, tally.parts) == ("gateway", 10, 10, 0)
    assert due_of(aws) == before
    gateway.answer = DELIVERED
    assert run(poller, clock).calls == 30
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
    assert (tally.stopped, tally.calls) == ("gateway", 5 + CALLS_IN_A_ROW)
    assert finals(aws) == 5
    # The others are due still.
    assert float(parts(aws)["order-1"]["due_at"]) <= clock.now


def test_messages_that_always_fail_stop_nobody(
    aws: Stack, clock: Clock, gateway_poller: Poller, gateway: Gateway
) -> None:
    for at in range(3 * FIRST_CALLS):
        put(aws, clock, f"order-{at:02}", due=-100.0 + at)
    bad = {f"order-{at:02}" for at in range(0, 3 * FIRST_CALLS, 2)}
    gateway.answers = {f"{id_}-{NUMBERS[0]}": DOWN for id_ in bad}
    tally = run(gateway_poller, clock)
    assert tally.stopped is None
    assert {id_ for id_, at in due_of(aws).items() if at is not None} == bad
    # They wait their turn, all but the last, after which nobody was heard.
    assert sum(at is not None and at > clock.now for at in due_of(aws).values()) >= len(bad) - 1


CLOSED = pytest.mark.parametrize(
    ("lanes", "fault"),
    [
        ({"bulk": ClosedForFault(GATEWAY, 1.0)}, GATEWAY),
        ({"bulk": ClosedForCredit(1.0), "priority": ClosedForFault(CREDENTIALS, 1.0)}, CREDENTIALS),
        # Whom an operator keeps waiting besides makes no gateway work.
        ({"bulk": ClosedByOperator(1.0, beneath=GATEWAY)}, GATEWAY),
        ({"bulk": ClosedForCredit(1.0)}, None),
        ({"bulk": ClosedByOperator(1.0), "priority": ClosedByOperator(1.0, beneath=CREDIT)}, None),
        ({}, None),
    ],
)


@CLOSED
def test_a_closed_valve_does_not_stop_it_while_report_answers(
    aws: Stack, clock: Clock, make_poller: MakePoller, gateway: Gateway, lanes: dict[str, Closed], fault: str | None
) -> None:
    close_valve(aws, **lanes)
    for at in range(20):
        put(aws, clock, f"order-{at:02}", due=-100.0 + at)
    tally = run(make_poller(gateway, most_at_once=8), clock)
    assert (tally.fault, tally.stopped, tally.calls) == (fault, None, 20)
    assert finals(aws) == 20
    assert len(aws.calls.of("dynamodb.GetItem")) == 1


@CLOSED
def test_with_send_and_report_both_down_a_run_costs_few_calls(
    aws: Stack, clock: Clock, make_poller: MakePoller, gateway: Gateway, lanes: dict[str, Closed], fault: str | None
) -> None:
    close_valve(aws, **lanes)
    put(aws, clock, "order-1", *NUMBERS)
    before, gateway.answer = due_of(aws), DOWN
    tally = run(make_poller(gateway, most_at_once=8), clock)
    assert tally.stopped == GATEWAY
    assert len(gateway.asked) == (3 if fault else 10)
    assert due_of(aws) == before


def test_with_caution_one_is_asked_until_one_answers(
    aws: Stack, clock: Clock, make_poller: MakePoller, gateway: Gateway
) -> None:
    """Two calls are lost, the third is answered: the run goes on, with as many at once as ever."""
    close_valve(aws, bulk=ClosedForFault(GATEWAY, 1.0))
    put(aws, clock, "order-1", *NUMBERS)
    gateway.answers = {f"order-1-{number}": DOWN for number in NUMBERS[:2]}
    tally = run(make_poller(gateway, most_at_once=8), clock)
    assert gateway.asked[:3] == [f"order-1-{number}" for number in NUMBERS[:3]]
    assert (tally.stopped, tally.calls, finals(aws)) == (None, len(NUMBERS), len(NUMBERS) - 2)


def test_a_valve_that_nobody_can_read_stops_no_run(
    aws: Stack, clock: Clock, make_poller: MakePoller, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(store: ValveStore) -> str | None:
        raise KeyError("since")

    monkeypatch.setattr(ValveStore, "fault", fails)
    put(aws, clock, "order-1")
    tally = run(make_poller(gateway), clock)
    assert (tally.fault, tally.failure, finals(aws)) == (None, None, 1)
    assert [(name, type(error)) for name, error in tally.unreadable.items()] == [("valve", KeyError)]
