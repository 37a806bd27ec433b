"""A file checked from its first line to its last, and the campaign that it makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kobo_cli.bulk import template
from kobo_cli.bulk.campaign import Campaign, content_digest, derived_id, written_digest
from kobo_cli.bulk.check import Checker
from kobo_cli.bulk.columns import find_numbers
from kobo_cli.bulk.findings import Findings, check_all
from kobo_cli.bulk.table import Table, open_table
from kobo_cli.bulk.workspace import Workspace, open_workspace
from kobo_cli.errors import CliError
from kobo_sms.messages.fields import find_problems

Progress = Callable[[int], None]
# The fields of a request, by the options that set them.
_OPTIONS = {"msg": "--msg", "from": "--from", "campaign": "--id"}


@dataclass(frozen=True)
class Order:
    """What is to be made of which file: the text with its placeholders, the column with the numbers, the campaign's id
    and sender ID (None: found, derived, the stack's default), and how it is to be sent."""

    file: Path
    msg: str
    to: str | None = None
    id: str | None = None
    sender: str | None = None
    promotional: bool = False
    at: datetime | None = None
    region: str = "NG"
    plain: bool = False

    def check(self) -> None:
        """Raise CliError for what no campaign can be made of, naming the option."""
        # How long the text is shows row by row.
        fields = {"to": "0", "msg": self.msg[:1], "from": self.sender, "campaign": self.id}
        problems = find_problems({name: value for name, value in fields.items() if value is not None})
        try:
            self.msg.encode()
        except UnicodeEncodeError as error:
            raise CliError("--msg: the terminal passes on bytes that are no UTF-8") from error
        if problems:
            raise CliError("; ".join(f"{_OPTIONS[problem.field]}: {problem.advice}" for problem in problems))


@dataclass(frozen=True)
class Checked:
    """A file that was checked: its table, the name of the column with the numbers, what was found, row by row in the
    workspace, and the campaign (None: of no recipient)."""

    table: Table
    to: str
    findings: Findings
    workspace: Workspace
    campaign: Campaign | None


@contextmanager
def check_file(order: Order, progress: Progress) -> Iterator[Checked]:
    """Yield what is found in a file; `progress` is told the bytes read, now and then.

    Raises
    ------
    CliError
        when the file as a whole is at fault, or the order.
    """
    order.check()
    with open_table(order.file) as table, open_workspace() as workspace:
        to = find_numbers(table.columns, order.to, region=order.region)
        text = template.parse(order.msg, table.columns)
        checker = Checker(table.columns, to, text, region=order.region, plain=order.plain)
        findings = check_all(table, checker, workspace, progress)
        if not findings.rows:
            raise CliError(f"{order.file}: there is no row below the names of the columns")
        campaign = _campaign(order, table, findings, workspace) if findings.recipients else None
        yield Checked(table, table.columns[to], findings, workspace, campaign)


def _campaign(order: Order, table: Table, findings: Findings, workspace: Workspace) -> Campaign:
    digest = content_digest(workspace, order.sender)
    written = written_digest(findings.written, order.msg, order.sender, order.region, order.plain)
    return Campaign(
        id=order.id or derived_id(digest),
        digest=digest,
        written=written,
        derived=order.id is None,
        workspace=workspace,
        header=table.header.cells,
        sender=order.sender,
        promotional=order.promotional,
        at=order.at,
    )
