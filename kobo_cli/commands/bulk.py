"""kobo bulk: check a campaign's CSV file, tell its price, and hand it to the stack."""

from __future__ import annotations

import shutil
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress

from kobo_cli import valve_orders
from kobo_cli.bulk import report
from kobo_cli.bulk.campaign import Campaign
from kobo_cli.bulk.checking import Checked, Order, check_file
from kobo_cli.bulk.hand_over import hand_over as write_files
from kobo_cli.bulk.output import require_own_place, write_bad_rows
from kobo_cli.bulk.preview import write_preview
from kobo_cli.bulk.price import Cost, cost_of, funds_of
from kobo_cli.campaigns.handing_over import hand_over_files
from kobo_cli.connection import Connection, connect, connect_if_possible, stack_options
from kobo_cli.console import SafeConsole
from kobo_cli.errors import CliError
from kobo_cli.quiet_hours import quiet_now
from kobo_cli.reports.bars import bars
from kobo_cli.reports.drawing import pen_for
from kobo_cli.terminal import printable, to_json
from kobo_cli.times import USUAL_ZONE, in_words, parse_moment, zone_of
from kobo_sms.credit.wording import plural

# So many characters take the labels of what was found.
_LABELS = 12


@click.command("bulk")
@click.argument("file", metavar="FILE.csv", type=click.Path(path_type=Path))
@click.option("--msg", required=True, help='The text; {name} stands for what the column "name" holds, {{ for a brace.')
@click.option("--to", metavar="COLUMN", help="The column with the numbers; found by its name when left out.")
@click.option("--id", metavar="CAMPAIGN", help="The campaign's id; follows from the content when left out.")
@click.option("--from", "sender", help="The sender ID; the stack's default when left out.")
@click.option("--promotional", is_flag=True, help="Do not send to numbers that opted out.")
@click.option("--at", metavar="TIME", help="Begin then: `tomorrow 9:00`, `in 2h`, `2026-12-01 09:00`.")
@click.option("--region", default="NG", show_default=True, help="Whose national form the numbers may have.")
@click.option("--skip-bad", is_flag=True, help="Send to the good rows though some are bad.")
@click.option("--bad-rows", metavar="FILE.csv", type=click.Path(path_type=Path), help="Write the bad rows to a file.")
@click.option("--plain", is_flag=True, help="Take plain characters for dear ones where that saves pages.")
@click.option("--preview", metavar="FILE.html", type=click.Path(path_type=Path), help="Write a page that shows it.")
@click.option("--dry-run", is_flag=True, help="Check and tell the price; send nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before sending.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@stack_options
def command(
    at: str | None,
    skip_bad: bool,
    bad_rows: Path | None,
    preview: Path | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    stack: str | None,
    local: bool,
    **ordered: Any,
) -> None:
    """Send a text to everybody in a CSV file, once all of it is checked.

    \b
    Example: kobo bulk customers.csv --msg "Dear {name}, we open at 8." --dry-run
    """
    places = {"--bad-rows": bad_rows, "--preview": preview}
    require_own_place({option: path for option, path in places.items() if path is not None}, ordered["file"])
    connection = connect_if_possible(stack, local) if dry_run else connect(stack, local)
    order = Order(**ordered, at=moment_of(at, connection))
    with ExitStack() as until_done:
        with progress_bar(order.file) as progress:
            checked = until_done.enter_context(check_file(order, progress))
        cost = cost_of(checked.workspace, funds_of(connection))
        if bad_rows is not None:
            write_bad_rows(bad_rows, checked.table.header.cells, checked.workspace.bad(), checked.table.separator)
        if preview is not None:
            write_preview(preview, checked, cost, time.time())
        show(checked, cost, as_json=as_json)
        campaign = require_sendable(checked, skip_bad=skip_bad)
        if dry_run or connection is None:
            return
        if not yes:
            confirm(checked, cost)
        start(connection, campaign)


@contextmanager
def progress_bar(file: Path) -> Iterator[Callable[[int], None]]:
    """Yield what to tell the bytes read, shown as a bar if a terminal is there to show it."""
    console = SafeConsole(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("checking", total=file.stat().st_size if file.is_file() else None)
        yield lambda position: bar.update(task, completed=position)


@contextmanager
def busy(doing: str) -> Iterator[None]:
    """Say what is being done, if a terminal is there to show it: of a million rows it takes minutes."""
    console = SafeConsole(stderr=True)
    with console.status(f"{doing} ...") if console.is_terminal else nullcontext():
        yield


def show(checked: Checked, cost: Cost, *, as_json: bool) -> None:
    """Print what was found."""
    if as_json:
        click.echo(to_json(report.as_json(checked, cost)))
        return
    for label, text in report.in_words(checked, cost, time.time()):
        _print(f"{label:<{_LABELS}}{text}", indent=_LABELS)
        if label == "pages":
            _show_pages(checked)
    if checked.findings.bad:
        _print(f"{'bad':<{_LABELS}}{plural(checked.findings.bad, 'row')}")
    for line in report.bad_in_words(checked):
        _print(f"  {line}", indent=4)


def _show_pages(checked: Checked) -> None:
    """Draw how many texts take how many pages, unless all take the same."""
    pages = checked.workspace.pages()
    if len(pages) > 1:
        counts = {plural(each, "page"): texts for each, texts in pages.items()}
        width, pen = shutil.get_terminal_size().columns - _LABELS, pen_for(sys.stdout.encoding)
        for line in bars(counts, sum(counts.values()), width=width, pen=pen):
            _print(f"{'':<{_LABELS - 2}}{line}")


def require_sendable(checked: Checked, *, skip_bad: bool) -> Campaign:
    """Return the campaign. Raises CliError if rows are bad and are not to be skipped, or if none is good."""
    findings = checked.findings
    if findings.bad and not skip_bad:
        share = f"{findings.bad:,} of {plural(findings.rows, 'row')}"
        raise CliError(f"{share} cannot be sent: mend them, or send to the others with --skip-bad")
    if checked.campaign is None:
        raise CliError("there is nobody to send to")
    return checked.campaign


def confirm(checked: Checked, cost: Cost) -> None:
    """Ask whether to send. Raises Abort for a no."""
    short = " though the balance is too little" if cost.left is not None and cost.left < 0 else ""
    question = f"Send {plural(cost.pages, 'page')} to {plural(checked.findings.recipients, 'recipient')}{short}?"
    click.confirm(question, abort=True, err=True)


def moment_of(at: str | None, connection: Connection | None) -> datetime | None:
    """Return the moment that is meant, in the stack's time zone. Raises UsageError for none."""
    zone = zone_of(_zone(connection) if connection else USUAL_ZONE)
    return None if at is None else datetime.fromtimestamp(parse_moment(at, zone, time.time()), zone)


def start(connection: Connection, campaign: Campaign) -> None:
    """Hand a campaign to the stack, and say that the stack carries it from now on."""
    now = time.time()
    at = now if campaign.at is None else campaign.at.timestamp()
    with busy("handing it over to the stack"), tempfile.TemporaryDirectory(prefix="kobo-") as directory:
        write_files(campaign, Path(directory))
        handed = hand_over_files(connection, Path(directory), at=at, now=now, by=valve_orders.who(connection))
    known = handed.campaign
    if not handed.new:
        click.echo(f"{known.id} was handed over before and is {known.state}: nothing is sent again", err=True)
        return
    begins = "" if campaign.at is None else f", and begins {in_words(at, zone_of(_zone(connection)), now)}"
    click.echo(f"{known.id} is handed over{begins}; the stack carries it from now on", err=True)
    if (quiet := quiet_now(connection.variables, at)) is not None:
        click.echo(f"quiet hours until {quiet.ends_at}: its texts go out from then on", err=True)
    click.echo(f"kobo campaign status {known.id} --watch", err=True)


def _zone(connection: Connection) -> str:
    return connection.variables["KOBO_TIME_ZONE"]


def _print(line: str, *, indent: int = 0) -> None:
    """Print a line with nothing in it that a file could move the cursor by, or that the terminal has no letters for.

    On a terminal it is broken between words, and goes on `indent` characters from the left.
    """
    seen = printable(line)
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns
        seen = textwrap.fill(seen, width, subsequent_indent=" " * indent, break_on_hyphens=False)
    encoding = sys.stdout.encoding or "utf-8"
    click.echo(seen.encode(encoding, errors="replace").decode(encoding))
