"""An operator's orders to the valve: written into its item, for check_credit to act upon."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kobo_cli.connection import Connection
from kobo_cli.errors import CliError
from kobo_sms.aws.dynamodb import Expression, decode, encode
from kobo_sms.table import VALVE_ID, VALVE_PART, moment
from kobo_sms.valve.prompt import event_source
from kobo_sms.valve.rules import OPERATOR

Item = dict[str, Any]
_KEY = {"id": VALVE_ID, "part": VALVE_PART}
_TRIES = 5


def read(connection: Connection) -> Item:
    """Return the valve's item as it is now; empty before the first check."""
    table = connection.variables["KOBO_TABLE"]
    answer = connection.dynamodb.get_item(TableName=table, Key=encode(_KEY), ConsistentRead=True)
    return decode(answer.get("Item", {}))


def close(connection: Connection, lanes: Sequence[str], *, by: str, reason: str, now: float) -> Item:
    """Hold `lanes` closed, and return the holds there were on them already: they stay with their first holder.

    Raises
    ------
    CliError
        here and below, when the item is written by others all the time.
    """

    def order(item: Item) -> Item:
        hold = {"by": by, "since": moment(now), "reason": reason}
        return {
            "holds": dict.fromkeys(lanes, hold) | item.get("holds", {}),
            "open_asked": _without(item.get("open_asked", {}), lanes),
        }

    before = _change(connection, order)
    return {lane: hold for lane, hold in before.get("holds", {}).items() if lane in lanes}


def open_(connection: Connection, lanes: Sequence[str], *, now: float) -> None:
    """Take away the holds of `lanes`, and ask for what closed them otherwise to be forgotten."""

    def order(item: Item) -> Item:
        asked = {lane: moment(now) for lane in lanes}
        return {"holds": _without(item.get("holds", {}), lanes), "open_asked": item.get("open_asked", {}) | asked}

    _change(connection, order)


def is_carried_out(item: Item, action: str, lanes: Sequence[str]) -> bool:
    """Tell whether check_credit has acted upon the order to `close` or `open` the lanes."""
    closed = item.get("lanes", {})
    if action == "close":
        return all(closed.get(lane, {}).get("cause") == OPERATOR for lane in lanes)
    # A cause that is still there may close a lane again in the same check that opened it.
    return all(lane not in closed or lane not in item.get("open_asked", {}) for lane in lanes)


def prompt_check(connection: Connection) -> None:
    """Ask check_credit to look now, not at its next run. Errors of EventBridge pass through."""
    entry = {"Source": event_source(connection.stack), "DetailType": "check", "Detail": "{}"}
    answer = connection.client("events").put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        raise CliError(f"EventBridge: {answer['Entries'][0].get('ErrorMessage')}")


def who(connection: Connection) -> str:
    """Return who gives the order: the user or role and session of the caller's AWS identity, else the login name."""
    if "AWS_ENDPOINT_URL" in connection.variables:
        return _login_name()
    arn: str = connection.client("sts").get_caller_identity()["Arn"]
    return arn.rpartition(":")[2]


def _change(connection: Connection, order: Callable[[Item], Item]) -> Item:
    """Write what `order` makes of the item, unless somebody else wrote meanwhile; return the item before."""
    client, table = connection.dynamodb, connection.variables["KOBO_TABLE"]
    for _ in range(_TRIES):
        before = read(connection)
        write = Expression().set(**order(before)).add(version=1).where_version(int(before.get("version", 0)))
        try:
            client.update_item(**write.update(table, encode(_KEY)))
        except client.exceptions.ConditionalCheckFailedException:
            continue
        return before
    raise CliError("the valve is being written by others: try again")


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # In a container without an entry for the user.
        return "somebody on this machine"


def _without(known: Mapping[str, Any], lanes: Sequence[str]) -> Item:
    return {lane: each for lane, each in known.items() if lane not in lanes}
