"""kobo optout: who gets no promotional texts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress

from kobo_cli import valve_orders
from kobo_cli.connection import connect, stack_options
from kobo_cli.console import SafeConsole
from kobo_cli.dead.asking import errors_told
from kobo_cli.errors import CliError
from kobo_cli.optouts.number_file import MOST_NAMED, NumberFile, open_numbers
from kobo_cli.optouts.register import Register
from kobo_cli.terminal import echo, to_json
from kobo_sms.credit.wording import plural
from kobo_sms.messages.numbers import InvalidNumber, normalise
from kobo_sms.table import Item, iso

_REGION = click.option(
    "--region", default="NG", show_default=True, help="Whose national form the numbers may have (the stack's)."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("optout")
def command() -> None:
    """Keep who gets no promotional texts.

    A request that says "promotional": true is not sent to numbers that opted out.

    \b
    Example: kobo optout add 08030100002
    """


@command.command("add")
@click.argument("numbers", metavar="NUMBER...", nargs=-1, required=True)
@_REGION
@_JSON
@stack_options
def add(numbers: tuple[str, ...], region: str, as_json: bool, stack: str | None, local: bool) -> None:
    """Have numbers opt out.

    \b
    Example: kobo optout add 08030100002 +2348030100003 --stack my-stack
    """
    wanted = _normalised(numbers, region)
    with errors_told():
        connection = connect(stack, local)
        register = Register(connection)
        already = register.among(wanted)
        register.add(wanted, by=valve_orders.who(connection), now=time.time())
    _tell({"numbers": len(wanted), "already": len(already)}, "opted out", as_json)


@command.command("remove")
@click.argument("numbers", metavar="NUMBER...", nargs=-1, required=True)
@_REGION
@_JSON
@stack_options
def remove(numbers: tuple[str, ...], region: str, as_json: bool, stack: str | None, local: bool) -> None:
    """Take opt-outs back: promotional texts are sent to these numbers again.

    \b
    Example: kobo optout remove 08030100002
    """
    wanted = _normalised(numbers, region)
    with errors_told():
        unknown = Register(connect(stack, local)).remove(wanted)
    _tell({"numbers": len(wanted) - len(unknown), "unknown": unknown}, "taken back", as_json)
    if unknown:
        raise CliError(f"had not opted out: {', '.join(unknown)}")


@command.command("list")
@_JSON
@stack_options
def list_(as_json: bool, stack: str | None, local: bool) -> None:
    """List who opted out, when, and who wrote it down; in no particular order.

    \b
    Example: kobo optout list --json > optouts.json
    """
    with errors_told():
        _print_all(Register(connect(stack, local)).entries(), ("number", "at", "by"), as_json, "nobody has opted out")


@command.command("import")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--column", help="The CSV column with the numbers; not needed if it is called 'phone' or the like.")
@_REGION
@_JSON
@stack_options
def import_(file: Path, column: str | None, region: str, as_json: bool, stack: str | None, local: bool) -> None:
    """Have all numbers of FILE opt out: one a line, or a column of a CSV file.

    Lines that hold no number are named; the others opt out all the same. Importing a file again does no harm.

    \b
    Example: kobo optout import optouts.csv --column msisdn
    """
    with errors_told(), open_numbers(file, column=column, region=region) as found:
        connection = connect(stack, local)
        by = valve_orders.who(connection)
        with _progress(file) as progress:
            counted = Register(connection).add(
                found.numbers(), by=by, now=time.time(), progress=lambda _: progress(found.table.position())
            )
    bad = [{"line": each.line, "reason": each.reason} for each in found.bad]
    _tell({"numbers": counted, "bad_lines": found.bad_lines, "bad": bad}, "opted out", as_json)
    _complain(found)


@command.command("suggest")
@click.option("--add", "adds", is_flag=True, help="Have them opt out, once you have said yes.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_JSON
@stack_options
def suggest(adds: bool, yes: bool, as_json: bool, stack: str | None, local: bool) -> None:
    """Show the numbers that a delivery report called do-not-disturb and that have not opted out.

    Promotional texts to them are paid for and never arrive.

    \b
    Example: kobo optout suggest --add
    """
    with errors_told():
        connection = connect(stack, local)
        register = Register(connection)
        if not adds:
            _print_all(register.suggestions(), ("number", "at"), as_json, "nobody to suggest")
            return
        count = sum(1 for _ in register.suggestions())
        if count and not yes:
            click.confirm(f"Have {plural(count, 'number')} opt out?", abort=True, err=True)
        numbers = (str(note["part"]) for note in register.suggestions())
        counted = register.add(numbers, by=valve_orders.who(connection), now=time.time())
    _tell({"numbers": counted}, "opted out", as_json)


def _normalised(numbers: Sequence[str], region: str) -> list[str]:
    """Return each number once in KoboMobile's form. Raises CliError naming all that are none: then nothing is done."""
    good: dict[str, None] = {}
    bad: list[str] = []
    for raw in numbers:
        try:
            good[normalise(raw, region)] = None
        except InvalidNumber as error:
            bad.append(f"{raw}: {error}")
    if bad:
        raise CliError("; ".join(bad))
    return list(good)


def _tell(counts: Mapping[str, Any], done: str, as_json: bool) -> None:
    if as_json:
        click.echo(to_json(counts))
        return
    already = f" ({counts['already']:,} of them before)" if counts.get("already") else ""
    click.echo(f"{plural(counts['numbers'], 'number')} {done}{already}")


def _print_all(entries: Iterable[Item], names: Sequence[str], as_json: bool, none: str) -> None:
    """Print entries as they come: however many there are, one at a time is in memory."""
    printed = 0
    for each in entries:
        known = {"number": each["part"], "at": iso(each["at"]), "by": each.get("by")}
        row = {name: known[name] for name in names}
        if as_json:
            click.echo((",\n" if printed else "[\n") + to_json(row, None), nl=False)
        else:
            echo("  ".join(str(value) for value in row.values() if value is not None))
        printed += 1
    if as_json:
        click.echo("\n]" if printed else "[]")
    elif not printed:
        click.echo(none, err=True)


def _complain(found: NumberFile) -> None:
    """Name the bad lines. Raises CliError if there are any."""
    for each in found.bad:
        echo(f"line {each.line}: {each.reason}", err=True)
    if found.bad_lines > MOST_NAMED:
        click.echo(f"... and {found.bad_lines - MOST_NAMED:,} more", err=True)
    if found.bad_lines:
        raise CliError(f"{plural(found.bad_lines, 'line')} without a number to opt out")


@contextmanager
def _progress(file: Path) -> Iterator[Callable[[int], None]]:
    console = SafeConsole(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("importing", total=file.stat().st_size)
        yield lambda position: bar.update(task, completed=position)
