"""An operator's orders to the valve: written into its item, for check_credit to act upon."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from kobo_cli.connection import Connection
from kobo_cli.errors import CliError
from kobo_sms.aws.dynamodb import compare_and_swap
from kobo_sms.aws.event_bus import CHECK, event_source
from kobo_sms.errors import WriteConflict
from kobo_sms.messages.lanes import Lane
from kobo_sms.valve.state import OPERATOR, Hold, Valve
from kobo_sms.valve.store import ValveSnapshot, ValveStore

T = TypeVar("T")


@dataclass(frozen=True)
class _Order:
    """The valve with the order in it, and the holds there were before."""

    valve: Valve
    before: Mapping[Lane, Hold]


def read(connection: Connection) -> ValveSnapshot:
    """Return what the valve's item says now."""
    return _store(connection).read()


def close(connection: Connection, lanes: Sequence[Lane], *, by: str, reason: str, now: float) -> Mapping[Lane, Hold]:
    """Hold `lanes` closed, and return the holds there were on them already: they stay with their first holder.

    Raises
    ------
    CliError
        here and below, when the item is written by others all the time.
    """

    def order(valve: Valve) -> Valve:
        holds = dict.fromkeys(lanes, Hold(by, now, reason)) | dict(valve.holds)
        asked, woken = _without(valve.open_asked, lanes), _without(valve.woken, lanes)
        return replace(valve, holds=holds, open_asked=asked, woken=woken)

    before = _change(connection, order).before
    return {lane: hold for lane, hold in before.items() if lane in lanes}


def open_(connection: Connection, lanes: Sequence[Lane], *, now: float, wake: bool = False) -> None:
    """Take away the holds of `lanes`, and ask for what closed them otherwise to be forgotten.

    `wake`: those that rest are opened too, until their next quiet hours begin.
    """

    def order(valve: Valve) -> Valve:
        asked = dict(valve.open_asked) | dict.fromkeys(lanes, now)
        woken = dict(valve.woken) | (dict.fromkeys(lanes, now) if wake else {})
        return replace(valve, holds=_without(valve.holds, lanes), open_asked=asked, woken=woken)

    _change(connection, order)


def is_carried_out(valve: Valve, action: str, lanes: Sequence[Lane]) -> bool:
    """Tell whether check_credit has acted upon the order to `close` or `open` the lanes."""
    if action == "close":
        return all(lane in valve.closed and valve.closed[lane].cause == OPERATOR for lane in lanes)
    # A cause that is still there may close a lane again in the same check that opened it.
    return all(lane not in valve.closed or lane not in valve.open_asked for lane in lanes)


def prompt_check(connection: Connection) -> None:
    """Ask check_credit to look now, not at its next run. Errors of EventBridge pass through."""
    entry = {"Source": event_source(connection.stack), "DetailType": CHECK, "Detail": "{}"}
    answer = connection.client("events").put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        raise CliError(f"EventBridge: {answer['Entries'][0].get('ErrorMessage')}")


def who(connection: Connection) -> str:
    """Return who gives the order: the user or role and session of the caller's AWS identity, else the login name."""
    if "AWS_ENDPOINT_URL" in connection.variables:
        return _login_name()
    arn: str = connection.client("sts").get_caller_identity()["Arn"]
    return arn.rpartition(":")[2]


def _change(connection: Connection, order: Callable[[Valve], Valve]) -> _Order:
    store = _store(connection)

    def change(known: ValveSnapshot) -> _Order:
        return _Order(order(known.valve), known.valve.holds)

    def write(known: ValveSnapshot, ordered: _Order) -> bool:
        return store.write_orders(ordered.valve, known.version)

    try:
        return compare_and_swap(store.read, change, write, what="the valve")
    except WriteConflict as error:
        raise CliError("the valve is being written by others: try again") from error


def _store(connection: Connection) -> ValveStore:
    return ValveStore(connection.dynamodb, connection.variables["KOBO_TABLE"])


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # In a container without an entry for the user.
        return "somebody on this machine"


def _without(known: Mapping[Lane, T], lanes: Sequence[Lane]) -> dict[Lane, T]:
    return {lane: each for lane, each in known.items() if lane not in lanes}
