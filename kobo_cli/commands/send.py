"""kobo send: put one request on a queue, and wait for what becomes of it."""

from __future__ import annotations

import json
import re
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich.console import Console

from kobo_cli import valve_orders
from kobo_cli.campaigns.handing_over import HandedOver, Wanted, hand_over
from kobo_cli.connection import Connection, connect, stack_options
from kobo_cli.console import SafeConsole
from kobo_cli.errors import CliError
from kobo_cli.reports.request import Status, build, is_settled, went_well
from kobo_cli.reports.tables import explain, print_status, summarise
from kobo_cli.terminal import to_json
from kobo_cli.times import in_words, parse_moment, zone_of
from kobo_sms.errors import InvalidRequest
from kobo_sms.messages.fields import CAMPAIGN_PATTERN
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.numbers import InvalidNumber, normalise
from kobo_sms.messages.request import parse
from kobo_sms.table import iso

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LOOK_SECONDS = 0.3
_USUAL_REGION = "NG"


def parse_duration(_context: click.Context, _parameter: click.Parameter, value: str | None) -> float | None:
    """Return seconds for `90`, `90s`, `5m`, `2h` or `1d`. Raises BadParameter for anything else."""
    if value is None:
        return None
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smhd]?)", value)
    if match is None:
        raise click.BadParameter("give a number of seconds, or 90s, 5m, 2h, 1d")
    return float(match[1]) * _UNITS[match[2] or "s"]


@click.command("send")
@click.argument("to", nargs=-1, required=True)
@click.option("--msg", required=True, help="The text.")
@click.option("--from", "sender", help="The sender ID; the stack's default when left out.")
@click.option("--type", "type_", type=click.IntRange(0, 2), help="0 normal, 1 flash, 2 Unicode; what the text needs.")
@click.option("--id", "request_id", help="The idempotency key; made up when left out.")
@click.option("--expires-in", callback=parse_duration, metavar="TIME", help="Not sent any more after 90s, 5m, 2h ...")
@click.option("--sensitive", is_flag=True, help="Keep the text nowhere.")
@click.option("--reference", help="Kept with the status.")
@click.option("--lane", type=click.Choice(["priority", "bulk"]), default="priority", show_default=True)
@click.option("--at", metavar="TIME", help="Send it then: `tomorrow 9:00`, `in 2h`, `2026-12-01 09:00`.")
@click.option("--wait", is_flag=True, help="Wait until nothing more happens; exit 1 unless all of it arrived.")
@click.option("--timeout", default="120s", callback=parse_duration, show_default=True, help="How long to wait.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: the id, or with --wait the status.")
@stack_options
def command(
    to: tuple[str, ...],
    lane: str,
    at: str | None,
    wait: bool,
    timeout: float,
    as_json: bool,
    stack: str | None,
    local: bool,
    **fields: Any,
) -> None:
    """Send a text TO one or many numbers.

    \b
    Example: kobo send +2348030100001 --msg "Hello" --wait
    """
    if at is not None:
        require_postponable(wait=wait, **fields)
    request = make_request(to, **fields)
    connection = connect(stack, local)
    if at is not None:
        tell_scheduled(connection, schedule(connection, request, at, Lane(lane)), as_json=as_json)
        return
    connection.sqs.send_message(QueueUrl=connection.queue_url(lane), MessageBody=json.dumps(request))
    if not wait:
        click.echo(json.dumps({"id": request["id"]}) if as_json else request["id"])
        return
    status = wait_for(connection, request["id"], timeout, SafeConsole(stderr=True))
    if as_json:
        click.echo(to_json(status))
    else:
        print_status(SafeConsole(), status)
    if not is_settled(status):
        waiting = next(each for each in status["recipients"] if not is_settled({"recipients": [each]}))
        raise CliError(f"still {waiting['state']} after {timeout:g} s: {explain(waiting)}")
    if not went_well(status):
        raise CliError("not every recipient got it")


def require_postponable(*, wait: bool, sensitive: bool, expires_in: float | None, **_: Any) -> None:
    """Raise UsageError for options that make no sense for an SMS that is sent later."""
    if wait:
        raise click.UsageError("--wait excludes --at: see kobo campaign status ID")
    if sensitive:
        raise click.UsageError("--sensitive excludes --at: what is sent later is kept until then")
    if expires_in is not None:
        raise click.UsageError("--expires-in excludes --at")


def schedule(connection: Connection, request: dict[str, Any], at: str, lane: Lane) -> HandedOver:
    """Hand a request over as a campaign of its own, to be sent at a moment to come.

    Raises
    ------
    CliError
        when the moment or the id is none for that, or another request of the id is scheduled.
    """
    now = time.time()
    moment = parse_moment(at, zone_of(connection.variables["KOBO_TIME_ZONE"]), now)
    if not re.fullmatch(CAMPAIGN_PATTERN, request["id"]):
        raise CliError("--id: with --at, 1 to 100 of A-Z a-z 0-9 . _ -")
    # A campaign waits until as many recipients are known as it names.
    to = _each_once(request["to"], connection.variables.get("KOBO_DEFAULT_REGION", _USUAL_REGION))
    line = json.dumps(request | {"to": to, "campaign": request["id"]}).encode()
    wanted = Wanted(request["id"], moment, now, request.get("from"), lane, valve_orders.who(connection))
    return hand_over(connection, wanted, [line])


def _each_once(numbers: list[str], region: str) -> list[str]:
    """Return `numbers` without those that name one a second time, however they are written."""
    known: dict[str, str] = {}
    for number in numbers:
        known.setdefault(_identity(number, region), number)
    return list(known.values())


def _identity(number: str, region: str) -> str:
    try:
        return normalise(number, region)
    except InvalidNumber:
        # It is rejected under the name that it has.
        return number


def tell_scheduled(connection: Connection, handed: HandedOver, *, as_json: bool) -> None:
    """Say when it will be sent."""
    campaign, zone = handed.campaign, zone_of(connection.variables["KOBO_TIME_ZONE"])
    if as_json:
        click.echo(json.dumps({"id": campaign.id, "at": iso(campaign.at), "state": campaign.state.value}))
        return
    click.echo(campaign.id)
    already = "" if handed.new else f" (it was {campaign.state} already)"
    when = in_words(campaign.at, zone, time.time())
    click.echo(f"to be sent {when}{already}; kobo campaign stop {campaign.id} cancels it", err=True)


def make_request(
    to: tuple[str, ...],
    *,
    msg: str,
    sender: str | None,
    type_: int | None,
    request_id: str | None,
    expires_in: float | None,
    sensitive: bool,
    reference: str | None,
) -> dict[str, Any]:
    """Return a request as the queue takes it.

    Raises
    ------
    CliError
        when it would be refused, saying which field is at fault.
    """
    numbers = list(dict.fromkeys(to))
    request: dict[str, Any] = {"id": request_id or f"kobo-{uuid.uuid4().hex[:12]}", "to": numbers, "msg": msg}
    optional = {"from": sender, "type": type_, "reference": reference, "sensitive": sensitive or None}
    request |= {name: value for name, value in optional.items() if value is not None}
    if expires_in is not None:
        request["expires_at"] = (datetime.now(UTC) + timedelta(seconds=expires_in)).isoformat()
    try:
        # Which national numbers are good depends on the stack's DefaultRegion: its answer stands in the status.
        parse(json.dumps(request), region=_USUAL_REGION, default_id="")
    except InvalidRequest as error:
        raise CliError(str(error)) from error
    return request


def wait_for(connection: Connection, request_id: str, timeout: float, console: Console) -> Status:
    """Return the status once nothing more will happen, or as it is after `timeout` seconds; tell each change.

    Raises
    ------
    CliError
        when nobody took the request off the queue in that time.
    """
    end, told, status = time.monotonic() + timeout, "", None
    while time.monotonic() < end:
        items = connection.items_of(request_id)
        status = build(items) if items else None
        line = summarise(status["counts"]) + _why(status) if status else "queued"
        if line != told:
            console.print(line)
            told = line
        if status and is_settled(status):
            break
        time.sleep(_LOOK_SECONDS)
    if status is None:
        raise CliError(f"request {request_id} was not taken from the queue, or was refused, within {timeout:g} s")
    return status


def _why(status: Status) -> str:
    reasons = dict.fromkeys(recipient["reason"] for recipient in status["recipients"] if recipient["reason"])
    return f": {'; '.join(list(reasons)[:3])}" if reasons else ""
