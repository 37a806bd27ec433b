"""`kobo valve` on a deployed stack: what it shows, what it orders, and how it waits for check_credit to act."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from kobo_cli import valve_orders
from kobo_cli.commands.valve import give_order, wait_until_carried_out
from kobo_sms.credit.wording import moment_in_words
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.messages.quiet_hours import QuietPeriod
from kobo_sms.table import iso
from kobo_sms.valve.state import ClosedByOperator, ClosedForCredit, Hold, Valve

if TYPE_CHECKING:
    from tests.cli.conftest import Deployed

# Moto's caller, without the account.
ME = "user/moto"
NOW = 1_795_384_800.0
CLOSED = {"cause": "credit", "since": Decimal(NOW), "detail": "500 pages refused", "by": "", "probe_at": Decimal(0)}
FAULT = CLOSED | {"cause": "gateway", "detail": "3 calls in a row", "probe_at": Decimal(NOW + 60)}
REST = {"cause": "quiet_hours", "since": Decimal(NOW), "until": Decimal(NOW + 43_200), "detail": "until 08:00"}
HOLD = {"by": "user/ada", "since": Decimal(NOW), "reason": "wrong text"}


def valve(deployed: Deployed, **attributes: Any) -> None:
    deployed.put(id="~valve", part="state", version=Decimal(7), **attributes)


def holds(deployed: Deployed) -> dict[Lane, Hold]:
    return dict(valve_orders.read(deployed.connection).valve.holds)


def test_before_the_first_check_all_is_open(deployed: Deployed) -> None:
    lanes = deployed.json("valve")["lanes"]
    assert lanes["priority"] == lanes["bulk"] == {
        "state": "open", "ordered": None, "cause": None, "detail": None, "by": None, "since": None, "until": None,
        "beneath": None, "next_try_at": None, "hold": None, "waiting": 0, "mapping": None, "calls": None,
    }  # fmt: skip
    assert deployed.run("valve").exit_code == 0


def test_an_open_lane_says_how_many_of_the_last_calls_failed(deployed: Deployed) -> None:
    slot = int(time.time()) // 5
    valve(deployed, **{f"n {slot} bulk accepted": Decimal(30), f"n {slot} bulk gateway": Decimal(10)})
    found = deployed.json("valve")["lanes"]["bulk"]["calls"]
    assert (found["calls"], found["failed"]) == (40, 10)
    assert "  lately    10 of 40 calls failed in the last" in deployed.run("valve").stdout


def test_what_is_closed_says_why_and_how_it_opens(deployed: Deployed) -> None:
    mappings = {"bulk": {"state": "Disabled", "at": Decimal(NOW)}}
    valve(deployed, lanes={"priority": FAULT, "bulk": CLOSED}, mappings=mappings)
    deployed.send("bulk", 2)
    # One of them is out to be tried.
    deployed.connection.sqs.receive_message(QueueUrl=deployed.connection.queue_url("bulk"))
    lanes = deployed.json("valve")["lanes"]
    assert lanes["bulk"] == {
        "state": "closed", "ordered": None, "cause": "credit", "detail": "500 pages refused", "by": None,
        "since": iso(NOW), "until": None, "beneath": None, "next_try_at": None, "hold": None, "waiting": 2,
        "mapping": {"state": "Disabled", "at": iso(NOW)},
        "calls": None,
    }  # fmt: skip
    assert lanes["priority"]["next_try_at"] == iso(NOW + 60)
    # The moments of this test are long past, or far away: the day is named.
    day = moment_in_words(NOW, time.time())
    assert deployed.run("valve").stdout.splitlines() == [
        f"priority  closed since {day}",
        "  why       the gateway does not work; 3 calls in a row",
        f"  next try  {moment_in_words(NOW + 60, time.time())}",
        "  waiting   about 0 messages",
        "  mapping   not seen yet",
        f"bulk      closed since {day}",
        "  why       for lack of credit; 500 pages refused",
        "  next try  once the balance has risen",
        "  waiting   about 2 messages",
        f"  mapping   Disabled, seen {day}",
    ]


@pytest.mark.parametrize(
    ("attributes", "ordered"),
    [
        ({"holds": {"bulk": HOLD}}, "close"),
        ({"holds": {"bulk": HOLD}, "lanes": {"bulk": CLOSED}}, "close"),
        ({"holds": {"bulk": HOLD}, "lanes": {"bulk": CLOSED | {"cause": "operator"}}}, None),
        ({"lanes": {"bulk": CLOSED | {"cause": "operator"}}}, "open"),
        ({"lanes": {"bulk": CLOSED}, "open_asked": {"bulk": Decimal(NOW)}}, "open"),
        ({"open_asked": {"bulk": Decimal(NOW)}}, None),
    ],
)
def test_an_order_not_yet_carried_out_is_told(
    deployed: Deployed, attributes: dict[str, Any], ordered: str | None
) -> None:
    valve(deployed, **attributes)
    assert deployed.json("valve")["lanes"]["bulk"]["ordered"] == ordered


@pytest.mark.parametrize(
    ("valve", "closed", "opened"),
    [
        (Valve(), False, True),
        (Valve({Lane.BULK: ClosedForCredit(NOW)}), False, True),
        (Valve({Lane.BULK: ClosedForCredit(NOW)}, open_asked={Lane.BULK: NOW}), False, False),
        (Valve({Lane.BULK: ClosedByOperator(NOW)}), True, True),
        (Valve({Lane.PRIORITY: ClosedByOperator(NOW)}), False, True),
    ],
)
def test_when_an_order_is_carried_out(valve: Valve, closed: bool, opened: bool) -> None:
    assert valve_orders.is_carried_out(valve, "close", [Lane.BULK]) == closed
    assert valve_orders.is_carried_out(valve, "open", [Lane.BULK]) == opened


def test_close_and_open_again(deployed: Deployed) -> None:
    with deployed.check_credit_running(time.time):
        closed = deployed.run("valve", "close", "--reason", "wrong text in the campaign")
        assert (closed.exit_code, closed.stderr) == (0, "priority: closed\nbulk: closed\n")
        assert f"  why       closed by an operator\n  held by   {ME} since " in closed.stdout
        assert ": wrong text in the campaign\n" in closed.stdout
        lanes = deployed.json("valve")["lanes"]
        assert [lane["cause"] for lane in lanes.values()] == ["operator", "operator"]
        assert lanes["bulk"]["hold"] | {"since": ""} == {
            "by": ME, "since": "", "reason": "wrong text in the campaign",
        }  # fmt: skip
        opened = deployed.run("valve", "open")
        assert (opened.exit_code, opened.stderr) == (0, "priority: opened\nbulk: opened\n")
        assert [lane["state"] for lane in deployed.json("valve")["lanes"].values()] == ["open", "open"]


def test_one_lane_only(deployed: Deployed) -> None:
    with deployed.check_credit_running(time.time):
        assert deployed.run("valve", "close", "--lane", "bulk").stderr == "bulk: closed\n"
    lanes = deployed.json("valve")["lanes"]
    assert (lanes["priority"]["state"], lanes["bulk"]["state"]) == ("open", "closed")


def test_an_operator_opens_what_a_cause_had_closed(deployed: Deployed) -> None:
    valve(deployed, lanes={"bulk": CLOSED})
    with deployed.check_credit_running(time.time):
        assert deployed.run("valve", "open", "--lane", "bulk").stderr == "bulk: opened\n"


def test_what_closes_again_at_once_is_told(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    valve(deployed, lanes={"bulk": FAULT})
    wait_until_carried_out(deployed.connection, "open", LANES, 0)
    assert capsys.readouterr().err == ("priority: opened\nbulk: opened, and closed again: its cause is still there\n")


@pytest.mark.parametrize("beneath", [None, FAULT])
def test_a_lane_that_rests_says_until_when(deployed: Deployed, beneath: dict[str, Any] | None) -> None:
    valve(deployed, lanes={"bulk": REST | ({"beneath": beneath} if beneath else {})})
    lane = deployed.json("valve")["lanes"]["bulk"]
    assert (lane["state"], lane["cause"], lane["detail"]) == ("resting", "quiet_hours", "until 08:00")
    assert lane["until"] == iso(NOW + 43_200)
    besides = {"cause": "gateway", "detail": "3 calls in a row"} if beneath else None
    assert (lane["beneath"], lane["next_try_at"]) == (besides, None)
    printed = deployed.run("valve").stdout.splitlines()
    assert f"bulk      resting until 08:00, quiet hours since {moment_in_words(NOW, time.time())}" in printed
    assert ("  besides   the gateway does not work; 3 calls in a row" in printed) == bool(beneath)
    assert ("  next try  once the quiet hours are over" in printed) == bool(beneath)


QUIET = QuietPeriod(time.time() - 60, time.time() + 3600, "08:00")


def test_opening_both_lanes_wakes_none_and_naming_one_does(deployed: Deployed) -> None:
    with deployed.check_credit_running(time.time, QUIET):
        opened = deployed.run("valve", "open")
        assert opened.stderr == (
            "priority: opened\n"
            "bulk: rests until 08:00, quiet hours; kobo valve open --lane bulk opens it all the same\n"
        )
        assert deployed.run("valve", "open", "--lane", "bulk").stderr == "bulk: opened\n"
        assert deployed.json("valve")["lanes"]["bulk"]["state"] == "open"
        assert deployed.run("valve", "close", "--lane", "bulk").stderr == "bulk: closed\n"
        # Who closes it takes back that it was woken.
        assert "bulk: rests until 08:00" in deployed.run("valve", "open").stderr


@pytest.mark.parametrize("action", ["open", "close"])
def test_an_order_asks_check_credit_to_look_at_once(deployed: Deployed, action: str) -> None:
    put: list[Any] = []
    deployed.connection.session.events.register(
        "provide-client-params.events.PutEvents", lambda params, **_: put.extend(params["Entries"])
    )
    give_order(deployed.connection, action, [Lane.BULK], "")
    assert put == [{"Source": "kobo-sms.kobo-sms", "DetailType": "check", "Detail": "{}"}]


def test_an_order_is_given_though_check_credit_cannot_be_asked(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "PutEvents")

    deployed.connection.session.events.register("provide-client-params.events.PutEvents", refuse)
    give_order(deployed.connection, "close", [Lane.BULK], "")
    assert "check_credit could not be asked to look at once: An error occurred (AccessD" in capsys.readouterr().err
    assert list(holds(deployed)) == ["bulk"]


def test_when_check_credit_does_not_come_it_says_so(deployed: Deployed) -> None:
    result = deployed.run("valve", "close", "--timeout", "0s")
    assert result.exit_code == 0
    assert result.stderr == "the order is given; check_credit carries it out at its next run\n"
    assert "bulk      open, ordered to close\n" in result.stdout


def test_who_holds_it_first_keeps_it(deployed: Deployed) -> None:
    valve(deployed, holds={"bulk": HOLD})
    result = deployed.run("valve", "close", "--reason", "mine", "--timeout", "0s")
    assert result.stderr.startswith("bulk is held already, by user/ada since ")
    assert holds(deployed)[Lane.BULK] == Hold("user/ada", NOW, "wrong text")
    assert holds(deployed)[Lane.PRIORITY].by == ME


def test_opening_one_lane_leaves_the_other_held(deployed: Deployed) -> None:
    valve(deployed, holds={"bulk": HOLD, "priority": HOLD}, lanes={"bulk": CLOSED})
    deployed.run("valve", "open", "--lane", "bulk", "--timeout", "0s")
    assert holds(deployed) == {"priority": Hold("user/ada", NOW, "wrong text")}
    known = valve_orders.read(deployed.connection)
    assert (list(known.valve.open_asked), known.version) == (["bulk"], 8)


def test_closing_takes_back_an_order_to_open(deployed: Deployed) -> None:
    valve(deployed, lanes={"bulk": CLOSED}, open_asked={"bulk": Decimal(NOW)})
    deployed.run("valve", "close", "--timeout", "0s")
    assert valve_orders.read(deployed.connection).valve.open_asked == {}


def test_what_check_credit_writes_meanwhile_is_not_lost(deployed: Deployed) -> None:
    valve(deployed, holds={"priority": HOLD})
    connection = deployed.connection
    reads = 0

    class Interrupted:
        """DynamoDB, with somebody who writes between the first read and the write."""

        exceptions = connection.dynamodb.exceptions
        update_item = staticmethod(connection.dynamodb.update_item)

        def get_item(self, **arguments: Any) -> Any:
            nonlocal reads
            reads += 1
            answer = connection.dynamodb.get_item(**arguments)
            if reads == 1:
                deployed.put(id="~valve", part="state", version=Decimal(8), holds={}, lanes={"bulk": CLOSED})
            return answer

    interrupted: Any = Interrupted()
    valve_orders.close(replace(connection, dynamodb=interrupted), [Lane.BULK], by="me", reason="", now=NOW)
    known = valve_orders.read(connection)
    assert known.valve.holds == {"bulk": Hold("me", NOW)}
    closed = {"bulk": ClosedForCredit(NOW, "500 pages refused")}
    assert (known.version, known.valve.closed, reads) == (9, closed, 2)


@pytest.mark.parametrize(
    "arguments", [["--lane", "bulk"], ["open", "--reason", "x"], ["--reason", "x"], ["shut"], ["close", "--lane", "x"]]
)
def test_bad_usage_ends_with_2(deployed: Deployed, arguments: list[str]) -> None:
    result = deployed.run("valve", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert valve_orders.read(deployed.connection).version == 0
