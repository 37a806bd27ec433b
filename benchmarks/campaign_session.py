"""A campaign of 5,000 personalised texts in a terminal: checked, sent, disturbed; a second one stopped in the middle.

    .venv/bin/python -m benchmarks.campaign_session [--rows 5000] [--columns 100] [--docs docs]

A shell in a pseudo-terminal runs `kobo` on a local stack. While the first campaign goes out, all processes of
queue_campaign are killed (kill -9) in the middle of their work; then it is paused and resumed. Five of its numbers have
opted out, seven texts are refused by KoboMobile. The second campaign is stopped half-way.

Ends with exit 1 unless the mock's own list shows each text of the first campaign once, of the second at most once, and
`kobo campaign status ID --failed` names exactly those who got none. With --docs the recording and its pictures are
written there.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks import screenshot
from benchmarks.campaign_verdict import Outcome, read_failed
from benchmarks.customers import Customers, write_customers, write_numbers
from benchmarks.terminal import Terminal, shell
from benchmarks.workers import workers_of
from kobo_cli.campaigns.handing_over import orders_of
from kobo_cli.connection import Connection, local_connection
from kobo_sms.campaigns.campaign import Campaign
from kobo_sms.messages.states import State
from kobo_sms.table import CAMPAIGNS_ID
from local_aws.stack import LocalStack, running_stack
from mock_kobo.control_client import MockControl

PARAMETERS = {"FirstReportAfterSeconds": "20", "DefaultSenderId": "NaijaFresh"}
LINES = 34
READY = "Dear {name}, your order {order} is ready. We are open from 8 to 18 h."
LATE = "Dear {name}, your order {order} comes a day later than we said: it is ready tomorrow."
OPTED_OUT, REFUSED = 5, 7
FAILED, REST, PREVIEW = "failed.csv", "rest.csv", "preview.html"
# When something is done to a campaign: once this share of its recipients is on the queue, or has been executed.
KILL_AT, PAUSE_AT, STOP_AT = 0.5, 0.7, 0.4
PICTURES = {
    "watch": "watched; queue_campaign is killed meanwhile",
    "stopped": "stopped in the middle",
    "failed": "who did not get it",
}


@dataclass(frozen=True)
class Stage:
    """What the session has: the stack, its mock, the customers, who opted out, the terminal."""

    stack: LocalStack
    mock: MockControl
    connection: Connection
    customers: Customers
    opted_out: list[str]
    terminal: Terminal

    def campaign(self, id_: str) -> Campaign:
        """Return a campaign as the table has it."""
        found = orders_of(self.connection).read(id_)
        if found is None:
            raise click.ClickException(f"there is no campaign {id_}")
        return found

    def queued(self, id_: str, share: float) -> bool:
        """Tell whether this share of a campaign is on the queue."""
        campaign = self.campaign(id_)
        return campaign.place.recipients >= share * campaign.rows

    def leased(self, id_: str) -> bool:
        """Tell whether a run of queue_campaign is at work on a campaign."""
        items = self.connection.items_of(CAMPAIGNS_ID)
        return any(item["part"] == id_ and item.get("lease_until", 0) > time.time() for item in items)

    def executed(self, text: str) -> Counter[str]:
        """Return how often each number was sent a text that ends so."""
        return Counter(sms["to"] for sms in self.mock.messages if sms["msg"].endswith(text))


@click.command()
@click.option("--rows", default=5000, show_default=True, type=click.IntRange(100, 90_000))
@click.option("--columns", default=100, show_default=True, type=click.IntRange(60, 200))
@click.option(
    "--docs", type=click.Path(file_okay=False, path_type=Path), help="Write the recording and pictures there."
)
def main(rows: int, columns: int, docs: Path | None) -> None:
    """Run the session and judge it."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        customers = write_customers(folder / "customers.csv", rows)
        opted_out = sorted(customers.numbers)[10 : 10 + OPTED_OUT]
        write_numbers(folder / "optouts.txt", opted_out)
        variables = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "LOGNAME": "ada"}
        with (
            running_stack(every=1.0, parameters=PARAMETERS, directory=folder / ".kobo") as stack,
            MockControl(str(stack.mock_url)) as mock,
            shell(folder, variables, columns=columns, lines=LINES) as terminal,
        ):
            mock.set_account(balance=20 * rows)
            mock.add_fault(endpoint="send", answer="error_param", times=REFUSED)
            stage = Stage(stack, mock, local_connection(stack.environment), customers, opted_out, terminal)
            play(stage)
            found = list(judge(stage, folder))
        if docs is not None:
            keep(terminal, folder / PREVIEW, docs)
    click.echo(f"the session took {time.monotonic() - began:.0f} s")
    for line in found:
        click.echo(line, err=True)
    sys.exit(bool(found))


def play(stage: Stage) -> None:
    """Do all that is done in the terminal."""
    terminal = stage.terminal
    terminal.run("kobo optout import optouts.txt")
    bulk = f'kobo bulk customers.csv --msg "{READY}" --promotional'
    terminal.run(f"{bulk} --dry-run --preview {PREVIEW}", expect=1)
    terminal.run("clear")
    terminal.run(f"{bulk} --id ready --skip-bad", reply=("[y/N]", "y"))
    terminal.run("clear")
    watch(stage, "ready", lambda: stage.queued("ready", KILL_AT) and stage.leased("ready"))
    victims = " ".join(map(str, workers_of(stage.stack, "QueueCampaign")))
    terminal.run(f"kill -9 {victims}   # queue_campaign, in the middle of its work")
    if not stage.leased("ready"):
        raise click.ClickException("queue_campaign had ended by itself before it was killed; run it again")
    watch(stage, "ready", lambda: stage.queued("ready", PAUSE_AT))
    terminal.mark("watch")
    terminal.run("clear")
    terminal.run("kobo campaign pause ready")
    time.sleep(5)
    terminal.run("kobo campaign status ready")
    terminal.run("kobo campaign resume ready")
    watch(stage, "ready")
    terminal.run("clear")
    terminal.run(f'kobo bulk customers.csv --msg "{LATE}" --id late --skip-bad --yes')
    at = STOP_AT * len(stage.customers.numbers)
    watch(stage, "late", lambda: stage.executed(_end(LATE)).total() >= at)
    terminal.run("clear")
    terminal.run("kobo campaign stop late")
    wait_for_the_cancelled(stage, "late")
    terminal.run(f"kobo campaign status late --failed {REST}")
    terminal.mark("stopped")
    terminal.run("clear")
    terminal.run("kobo campaign list")
    terminal.run(f"kobo campaign status ready --failed {FAILED}; cat {FAILED}")
    terminal.mark("failed")


def watch(stage: Stage, id_: str, until: Callable[[], bool] | None = None) -> None:
    """Watch a campaign until it is over, or until something is so."""
    seldom = _seldom(until) if until is not None else None
    command = f"kobo campaign status {id_} --watch"
    stage.terminal.run(command, until=seldom, shows="put on the queue", expect=130 if until else 0)


def wait_for_the_cancelled(stage: Stage, id_: str) -> None:
    """Wait until nothing of a stopped campaign is on the queue."""
    end = time.monotonic() + 120
    while stage.connection.waiting("bulk") and time.monotonic() < end:
        time.sleep(1)


def judge(stage: Stage, folder: Path) -> Iterator[str]:
    """Print what is so; yield what is wrong."""
    numbers = stage.customers.numbers
    ready = Outcome("ready", numbers, stage.executed(_end(READY)), read_failed(folder / FAILED))
    late = Outcome("late", numbers, stage.executed(_end(LATE)), read_failed(folder / REST))
    for each in (ready, late):
        click.echo(each)
        yield from each.contradictions()
    if ready.because("opted out") != set(stage.opted_out) or len(ready.because("error_param")) != REFUSED:
        yield "ready: others than those who opted out or were refused did not get it"
    if set(late.states()) != {State.CANCELLED}:
        yield f"late: ended otherwise than cancelled: {dict(late.states())}"
    if not late.executed:
        yield "late: was not stopped in the middle"


def keep(terminal: Terminal, preview: Path, docs: Path) -> None:
    """Write the recording, its pictures and one of the page that the dry run wrote."""
    screenshot.take_page(preview, docs / "campaign-preview.png", width=900, height=1130)
    recording = terminal.recording
    recording.write(docs / "campaign.cast", "A campaign of kobo's")
    for moment, what in PICTURES.items():
        path = docs / f"campaign-{moment}.svg"
        screenshot.take(
            recording.until(moment), path, columns=recording.columns, lines=recording.lines, title=f"A campaign, {what}"
        )


def _end(text: str) -> str:
    """Return what is the same in all texts, at their end."""
    return text.rpartition("}")[2]


def _seldom(condition: Callable[[], bool]) -> Callable[[], bool]:
    """Ask once a second: each time costs the stack something."""
    next_at = time.monotonic()

    def ask() -> bool:
        nonlocal next_at
        if time.monotonic() < next_at:
            return False
        next_at = time.monotonic() + 1.0
        return condition()

    return ask


if __name__ == "__main__":
    main()
