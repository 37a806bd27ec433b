"""The way of an order: its plan is shown, the operator is asked, it is carried out, and what was done is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import click
from rich.progress import Progress

from kobo_cli.console import SafeConsole
from kobo_cli.dead import telling
from kobo_cli.dead.order import Order
from kobo_cli.dead.plan import Planned
from kobo_cli.dead.selection import Selection
from kobo_cli.dead.survey import Missed
from kobo_cli.errors import CliError
from kobo_cli.terminal import to_json

Plan = Sequence[Planned]


def select(ids: Sequence[str], words: str | None = None) -> Selection:
    """Return the selection that a command line asks for. Raises UsageError if it contradicts itself."""
    if ids and words is not None:
        raise click.UsageError("name IDs or give --reason, not both")
    if words is not None and not words.strip():
        raise click.UsageError("--reason needs a word")
    return Selection(ids, words or "")


def give(order: Order, describe: Callable[[Plan], Iterable[str]], question: str, *, yes: bool, as_json: bool) -> None:
    """Show what an order would do, ask unless it was said `yes` to, carry it out, and tell what was done.

    Raises
    ------
    CliError
        when something that was asked for is not done.
    """
    with looking():
        plan, missed = order.plan()
    warn(missed)
    require(order.selection, ((each.request_id, each.letter) for each in plan), missed)
    for line in describe(plan) if plan else ("no dead letters",):
        click.echo(line, err=as_json)
    left = [each for each in plan if not each.acts]
    if len(left) < len(plan):
        if not yes:
            click.confirm(question, abort=True, err=True)
        _carry_out(order, plan, as_json)
    if as_json:
        print_json(telling.as_json([*order.done, *left]))
    if order.left or not all(each.acts for each in order.done) or (order.selection.ids and left):
        raise CliError("not all that was asked for is done")


def require(selection: Selection, found: Iterable[tuple[str, str]], missed: Missed) -> None:
    """Raise CliError if there are ids of which no letter was `found` (ids of requests and of letters)."""
    missing = selection.missing(id_ for ids in found for id_ in ids)
    if missing:
        why = f" ({missed})" if str(missed) else ""
        raise CliError(f"no dead letter of {', '.join(missing)} was seen{why}: kobo dead list shows those there are")


def warn(missed: Missed) -> None:
    """Say on stderr what a look may have missed."""
    if str(missed):
        click.echo(f"there may be more: {missed}", err=True)


def print_json(found: Any) -> None:
    """Print JSON."""
    click.echo(to_json(found))


@contextmanager
def errors_told() -> Iterator[None]:
    """Tell errors of AWS as a command does. Raises CliError for them."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise CliError(str(error)) from error


@contextmanager
def looking() -> Iterator[None]:
    """Say that the queue is being looked through, if a terminal is there to say it on."""
    console = SafeConsole(stderr=True)
    with console.status("looking through the dead-letter queue") if console.is_terminal else nullcontext():
        yield


def _carry_out(order: Order, plan: Plan, as_json: bool) -> None:
    console = SafeConsole(stderr=True)
    try:
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("letters", total=sum(each.acts for each in plan))
            order.carry_out(plan, lambda done: bar.update(task, completed=done))
    finally:
        # After an error, too: what was done before it is done.
        for line in telling.result(order.done, len(order.left)):
            click.echo(line, err=as_json)
