"""kobo campaign: what became of campaigns, and orders about them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.live import Live
from rich.table import Column, Table
from rich.text import Text

from kobo_cli import valve_orders
from kobo_cli.campaigns.failed import write_failed
from kobo_cli.campaigns.handing_over import orders_of, prompt
from kobo_cli.connection import Connection, connect, stack_options
from kobo_cli.console import SafeConsole
from kobo_cli.errors import CliError
from kobo_cli.reports.campaign import Report, build, describe, gone, settled, unnamed_in_words
from kobo_cli.reports.drawing import pen_for
from kobo_cli.terminal import to_json
from kobo_cli.times import in_words, zone_of
from kobo_sms.campaigns.campaign import ENDED, Campaign
from kobo_sms.campaigns.orders import Ordered
from kobo_sms.campaigns.progress import CampaignProgress
from kobo_sms.errors import UnreadableCampaign
from kobo_sms.table import CAMPAIGN_SHARDS, iso

_LOOK_SECONDS = 2.0
# What a shell takes for "ended by Ctrl-C".
_INTERRUPTED = 130
# What is watched is as fast as it was in so many seconds.
_RATE_SECONDS = 60.0


@click.group("campaign")
def command() -> None:
    """Show campaigns; pause, resume and stop them.

    A campaign is carried by the stack: this command may end, and the computer be switched off, whenever you like.

    \b
    Example: kobo campaign status december-sale --watch
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@stack_options
def list_(as_json: bool, stack: str | None, local: bool) -> None:
    """List the campaigns, the newest first.

    \b
    Example: kobo campaign list
    """
    with _connected(stack, local) as connection:
        found = list(orders_of(connection).all())
        for error in found:
            if isinstance(error, UnreadableCampaign):
                click.echo(f"left out: {error}", err=True)
        campaigns = sorted((each for each in found if isinstance(each, Campaign)), key=lambda each: -each.created_at)
        if as_json:
            click.echo(to_json([_row(each) for each in campaigns]))
            return
        if not campaigns:
            click.echo("there are no campaigns" if not found else "there are no others", err=True)
            return
        zone, now = _zone(connection), time.time()
        numbers = (Column(name, justify="right") for name in ("recipients", "put on the queue"))
        table = Table("campaign", "state", *numbers, "begins", box=None, pad_edge=False)
        for each in campaigns:
            counts = f"{each.rows:,}", f"{each.place.recipients:,}"
            table.add_row(each.id, each.state, *counts, in_words(each.at, zone, now))
        SafeConsole().print(table)


@command.command("status")
@click.argument("campaign_id", metavar="ID")
@click.option("--watch", is_flag=True, help="Show it anew until it is over.")
@click.option(
    "--failed",
    metavar="FILE.csv",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the rows of those who did not get it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON; with --watch a line each time.")
@stack_options
def status(campaign_id: str, watch: bool, failed: Path | None, as_json: bool, stack: str | None, local: bool) -> None:
    """Show what became of a campaign.

    \b
    Example: kobo campaign status december-sale --failed failed.csv
    """
    with _connected(stack, local) as connection, _progress(connection) as progress:
        if watch:
            try:
                _watch(connection, progress, campaign_id, as_json)
            except KeyboardInterrupt:
                click.echo(f"{campaign_id} goes on; only the watching has ended", err=True)
                raise click.exceptions.Exit(_INTERRUPTED) from None
        else:
            _show(connection, _look(connection, progress, campaign_id), as_json)
        if failed is not None:
            campaign = _require(orders_of(connection).read(campaign_id), campaign_id)
            count = write_failed(connection, campaign, progress, failed)
            click.echo(f"{failed}: {count:,} rows", err=True)
            if campaign.unnamed:
                click.echo(unnamed_in_words(campaign.unnamed), err=True)


@command.command("pause")
@click.argument("campaign_id", metavar="ID")
@stack_options
def pause(campaign_id: str, stack: str | None, local: bool) -> None:
    """Send nothing more of a campaign until it is resumed.

    \b
    Example: kobo campaign pause december-sale
    """
    with _connected(stack, local) as connection:
        ordered = orders_of(connection).pause(campaign_id, now=time.time())
        _tell(connection, ordered, campaign_id, "paused", "within seconds nothing more of it is sent")


@command.command("resume")
@click.argument("campaign_id", metavar="ID")
@stack_options
def resume(campaign_id: str, stack: str | None, local: bool) -> None:
    """Let a paused campaign go on.

    \b
    Example: kobo campaign resume december-sale
    """
    with _connected(stack, local) as connection:
        ordered = orders_of(connection).resume(campaign_id, now=time.time())
        if ordered.changed:
            prompt(connection, campaign_id)
        _tell(connection, ordered, campaign_id, "resumed", "what was on the queue comes back within five minutes")


@command.command("stop")
@click.argument("campaign_id", metavar="ID")
@stack_options
def stop(campaign_id: str, stack: str | None, local: bool) -> None:
    """Send nothing more of a campaign, for good.

    \b
    Example: kobo campaign stop december-sale
    """
    with _connected(stack, local) as connection:
        ordered = orders_of(connection).stop(campaign_id, by=valve_orders.who(connection), now=time.time())
        _tell(connection, ordered, campaign_id, "stopped", "within seconds nothing more of it is sent")


def _tell(connection: Connection, ordered: Ordered, campaign_id: str, done: str, then: str) -> None:
    """Say what came of an order, and how many had gone before it."""
    campaign = _require(ordered.campaign, campaign_id)
    if not ordered.changed and campaign.state != done:
        raise CliError(f"{campaign_id} is {campaign.state}: it cannot be {done}")
    with _progress(connection) as progress:
        report = build(campaign, progress.count(campaign_id), time.time())
    waiting = campaign.place.recipients - settled(report)
    so = f"is {done}" if ordered.changed else f"was {done} already"
    click.echo(f"{campaign_id} {so}: {then}")
    still = f"about {waiting:,}" if waiting > 0 else "none"
    click.echo(f"{gone(report):,} of {campaign.rows:,} had gone; {still} still on the queue")


def _watch(connection: Connection, progress: CampaignProgress, campaign_id: str, as_json: bool) -> None:
    """Show a campaign until it is over: in its place on a terminal, else each time anew."""
    console = SafeConsole()
    if as_json:
        _follow(connection, progress, campaign_id, lambda report: click.echo(to_json(report, None)))
    elif not console.is_terminal:
        _follow(connection, progress, campaign_id, lambda report: _show(connection, report, as_json))
    else:
        with Live(console=console, auto_refresh=False) as live:
            _follow(
                connection,
                progress,
                campaign_id,
                lambda report: live.update(Text("\n").join(_lines(connection, report, console)), refresh=True),
            )


def _follow(
    connection: Connection, progress: CampaignProgress, campaign_id: str, show: Callable[[Report], None]
) -> None:
    seen: deque[tuple[float, int]] = deque()
    while True:
        report = _look(connection, progress, campaign_id, _rate_of(seen))
        seen.append((time.time(), settled(report)))
        while seen[-1][0] - seen[0][0] > _RATE_SECONDS:
            seen.popleft()
        show(report)
        if report["state"] in ENDED:
            return
        time.sleep(_LOOK_SECONDS)


def _rate_of(seen: deque[tuple[float, int]]) -> float | None:
    """Return recipients a second, None where too little was seen."""
    if len(seen) < 3 or seen[-1][1] <= seen[0][1]:
        return None
    return (seen[-1][1] - seen[0][1]) / (seen[-1][0] - seen[0][0])


def _look(connection: Connection, progress: CampaignProgress, campaign_id: str, rate: float | None = None) -> Report:
    campaign = _require(orders_of(connection).read(campaign_id), campaign_id)
    return build(campaign, progress.count(campaign_id), time.time(), rate)


def _show(connection: Connection, report: Report, as_json: bool) -> None:
    if as_json:
        click.echo(to_json(report))
        return
    console = SafeConsole()
    for line in _lines(connection, report, console):
        console.print(line)


def _lines(connection: Connection, report: Report, console: Console) -> Iterator[Text]:
    pen = pen_for(console.encoding)
    lines = describe(report, _zone(connection), time.time(), width=console.width, pen=pen)
    return map(Text.from_markup, lines)


def _row(campaign: Campaign) -> Report:
    return {
        "campaign": campaign.id,
        "state": campaign.state.value,
        "rows": campaign.rows,
        "queued": campaign.place.recipients,
        "at": iso(campaign.at),
        "created_at": iso(campaign.created_at),
        "by": campaign.by or None,
        "fault": campaign.fault,
    }


def _require(campaign: Campaign | None, campaign_id: str) -> Campaign:
    if campaign is None:
        raise CliError(f"there is no campaign {campaign_id}: kobo campaign list")
    return campaign


def _zone(connection: Connection) -> ZoneInfo:
    return zone_of(connection.variables["KOBO_TIME_ZONE"])


@contextmanager
def _connected(stack: str | None, local: bool) -> Iterator[Connection]:
    """Yield the connection; what AWS refuses is an error of the command's."""
    from botocore.exceptions import BotoCoreError, ClientError

    connection = connect(stack, local)
    try:
        yield connection
    except (BotoCoreError, ClientError, UnreadableCampaign) as error:
        raise CliError(str(error)) from error


@contextmanager
def _progress(connection: Connection) -> Iterator[CampaignProgress]:
    with ThreadPoolExecutor(CAMPAIGN_SHARDS) as pool:
        yield CampaignProgress(connection.dynamodb, connection.variables["KOBO_TABLE"], pool)
