"""How fast queue_campaign puts a campaign of 100,000 personalised texts on the bulk queue, and how much it needs.

    .venv/bin/python -m benchmarks.queue_campaign [--rows 100000]

On the local stack, the bulk lane held closed meanwhile, so that nothing but queueing is measured. `SendConcurrency` is
1000, as the pace follows from it: with 10, the default, no more than 100 requests a second are put there. The local
queue answers one call at a time, and so decides how long it takes; the processor's share is the function's own.

Ends with exit 1 unless each request is on the queue once and the function's process stayed below MOST_MEMORY.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks.workers import workers_of
from kobo_cli import valve_orders
from kobo_cli.campaigns.handing_over import Wanted, hand_over, orders_of
from kobo_cli.connection import Connection, local_connection
from kobo_sms.campaigns.campaign import Campaign
from kobo_sms.messages.lanes import Lane
from local_aws.stack import LocalStack, running_stack

ID, LANE = "benchmark", Lane.BULK
MOST_MEMORY = 256  # MB
CLOSING_SECONDS, LONGEST, LOOK_EVERY = 30.0, 1800.0, 0.5
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """What processes have used: seconds of the processor, and the most memory that one of them had resident, in MB."""

    processor: float
    memory: float


@click.command()
@click.option("--rows", default=100_000, show_default=True, type=click.IntRange(100, 150_000))
def main(rows: int) -> None:
    """Hand the campaign over and watch it being queued."""
    parameters = {"SendConcurrency": "1000"}
    with (
        tempfile.TemporaryDirectory() as folder,
        running_stack(every=1.0, parameters=parameters, directory=Path(folder)) as stack,
    ):
        connection = local_connection(stack.environment)
        hold_the_lane(connection)
        begun = time.time()
        hand_over(connection, Wanted(ID, at=begun, now=begun), lines(rows))
        click.echo(f"{rows:,} requests packed and handed over in {time.time() - begun:.0f} s")
        campaign, usage = wait(stack, connection)
        wrong = judge(connection, campaign, usage, rows)
    for each in wrong:
        click.echo(each, err=True)
    sys.exit(bool(wrong))


def lines(rows: int) -> Iterator[bytes]:
    """Yield a request for each row, each with a text of its own."""
    for at in range(rows):
        text = f"Dear customer {at}, your order A-{at:06d} is ready. We are open from 8 to 18 h."
        fields = {"id": f"{ID}:{at + 1}", "to": [f"+23480301{at % 100_000:05d}"], "msg": text, "campaign": ID}
        yield json.dumps(fields).encode()


def hold_the_lane(connection: Connection) -> None:
    """Have nothing taken off the bulk queue."""
    valve_orders.close(connection, [LANE], by="benchmark", reason="only queueing is measured", now=time.time())
    end = time.monotonic() + CLOSING_SECONDS
    while not valve_orders.is_carried_out(valve_orders.read(connection).valve, "close", [LANE]):
        if time.monotonic() > end:
            raise click.ClickException(f"the lane was not closed in {CLOSING_SECONDS:g} s")
        time.sleep(LOOK_EVERY)


def wait(stack: LocalStack, connection: Connection) -> tuple[Campaign, Usage]:
    """Return the campaign once all of it is on the queue, and what the function has used."""
    end, used = time.monotonic() + LONGEST, dict[int, Usage]()
    while time.monotonic() < end:
        for worker in workers_of(stack, "QueueCampaign"):
            if (usage := usage_of(worker)) is not None:
                used[worker] = usage
        campaign = orders_of(connection).read(ID)
        if campaign is not None and campaign.queued:
            total = sum(each.processor for each in used.values())
            return campaign, Usage(total, max(each.memory for each in used.values()))
        time.sleep(LOOK_EVERY)
    raise click.ClickException(f"not all of it was on the queue after {LONGEST:g} s")


def usage_of(process: int) -> Usage | None:
    """Return what a process has used; None once it is gone."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
        times = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    except FileNotFoundError:
        return None
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]
    return Usage(sum(map(int, times)) / _TICKS, int(peak) / 1024)


def judge(connection: Connection, campaign: Campaign, usage: Usage, rows: int) -> list[str]:
    """Print how it went; return what is wrong."""
    seconds = (campaign.queued_at or 0.0) - (campaign.started_at or 0.0)
    on_the_queue = connection.waiting(LANE)
    click.echo(
        f"{on_the_queue:,} messages on the queue {seconds:.0f} s after the first: {rows / seconds:,.0f} a second; "
        f"{usage.processor / rows * 1e6:.0f} µs of the processor each, {usage.memory:.0f} MB of memory at most"
    )
    wrong = [] if on_the_queue == rows else [f"{on_the_queue:,} messages for {rows:,} requests"]
    return wrong + ([] if usage.memory <= MOST_MEMORY else [f"more than {MOST_MEMORY} MB"])


if __name__ == "__main__":
    main()
