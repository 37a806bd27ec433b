"""kobo dead: what lies in the dead-letter queue, put back on its lane or dropped."""

from __future__ import annotations

import time

import click

from kobo_cli.connection import connect, stack_options
from kobo_cli.console import SafeConsole
from kobo_cli.dead import telling
from kobo_cli.dead.asking import errors_told, give, looking, print_json, require, select, warn
from kobo_cli.dead.balance import balance_of
from kobo_cli.dead.detail import describe, detail_of
from kobo_cli.dead.order import Order
from kobo_cli.dead.overview import grouped, print_groups, row_of
from kobo_cli.dead.selection import Selection
from kobo_cli.dead.stack_facts import read_facts
from kobo_cli.dead.survey import look_at, queue_of
from kobo_cli.terminal import on_one_line
from kobo_sms.messages.lanes import Lane

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group("dead")
def command() -> None:
    """Show what could not be sent, put it back on its lane, or drop it.

    A dead letter is a request, or a part of one, that was given up. It lies in the dead-letter queue for 14 days.

    \b
    Example: kobo dead list
    """


@command.command("list")
@click.option("--all", "everything", is_flag=True, help="Show every letter.")
@_JSON
@stack_options
def list_(everything: bool, as_json: bool, stack: str | None, local: bool) -> None:
    """Show the dead letters, grouped by why they are dead.

    \b
    Example: kobo dead list --stack my-stack
    """
    with errors_told(), looking():
        connection = connect(stack, local)
        queue, everything_there = queue_of(connection), Selection()
        rows, missed = look_at(connection, queue, everything_there, lambda letter, _: row_of(letter), standings=False)
    if as_json:
        print_json(sorted(rows, key=lambda row: row["at"]))
    elif rows:
        print_groups(SafeConsole(), grouped(rows), time.time(), everything=everything)
    else:
        click.echo("no dead letters")
    warn(missed)


@command.command("show")
@click.argument("id_", metavar="ID")
@_JSON
@stack_options
def show(id_: str, as_json: bool, stack: str | None, local: bool) -> None:
    """Show all that is known of the dead letters of the request ID, or of one letter by its own id.

    \b
    Example: kobo dead show order-2291
    """
    selection, now = Selection([id_]), time.time()
    with errors_told(), looking():
        connection = connect(stack, local)
        judge = read_facts(connection).judge()
        queue = queue_of(connection)
        kept = queue.retention()
        found, missed = look_at(
            connection,
            queue,
            selection,
            lambda letter, standing: detail_of(letter, standing, judge, now=now, retention=kept),
        )
    require(selection, ((each["id"], each["letter"]) for each in found), missed)
    if as_json:
        print_json(found)
        return
    for detail in found:
        click.echo("".join(f"{label:<12}{on_one_line(text)}\n" for label, text in describe(detail)))


@command.command("retry")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--reason", "words", metavar="WORDS", help="All letters whose reason holds these words.")
@click.option("--lane", type=click.Choice([lane.value for lane in Lane]), help="For letters that do not say theirs.")
@click.option(
    "--yes-it-may-double",
    "may_double",
    is_flag=True,
    help="Send what is in doubt, too: recipients may get it a second time.",
)
@_YES
@_JSON
@stack_options
def retry(
    ids: tuple[str, ...],
    words: str | None,
    lane: str | None,
    may_double: bool,
    yes: bool,
    as_json: bool,
    stack: str | None,
    local: bool,
) -> None:
    """Put dead letters back on the lanes they came from: all, those of requests, or those dead for a reason.

    They keep their ids and parts, so nothing is sent twice; their attempts are counted anew. What has expired stays,
    as does what may have been sent already.

    \b
    Example: kobo dead retry --reason error_billing
    """
    selection = select(ids, words)
    with errors_told():
        connection = connect(stack, local)
        facts = read_facts(connection)
        rule = facts.judge(Lane(lane) if lane else None, may_double=may_double).retry
        order = Order(connection, queue_of(connection), facts, rule, selection)
        give(
            order,
            lambda plan: telling.plan_of_retry(plan, balance_of(connection, time.time())),
            "Put them back?",
            yes=yes,
            as_json=as_json,
        )


@command.command("drop")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@_YES
@_JSON
@stack_options
def drop(ids: tuple[str, ...], yes: bool, as_json: bool, stack: str | None, local: bool) -> None:
    """Delete the dead letters of requests for good, and record that an operator dropped them.

    \b
    Example: kobo dead drop order-2291
    """
    with errors_told():
        connection = connect(stack, local)
        facts = read_facts(connection)
        order = Order(connection, queue_of(connection), facts, facts.judge().drop, select(ids))
        give(order, telling.plan_of_drop, "Drop them?", yes=yes, as_json=as_json)
