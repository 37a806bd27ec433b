"""A password every now and then, with KoboMobile behind a proxy that drops idle connections: is any in doubt, or late?

    .venv/bin/python -m benchmarks.idle_connections [--passwords 100] [--every 14] [--idle 10] [--closing]

Ends with exit 1 unless none was in doubt and the slowest took at most a second more than the median of the others. One
password goes ahead and is not counted: it starts the function. By default the proxy drops connections silently.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from kobo_cli.connection import Connection, local_connection
from kobo_sms.messages import states
from local_aws.stack import running_stack
from mock_kobo.control_client import MockControl
from mock_kobo.server import running_mock
from tests.integration.kobomobile.idle_proxy import IdleProxy, running_proxy

# The account that the mock begins with.
LOGIN = {"KOBO_USER": "demo", "KOBO_PASS": "demo-pass"}
# The template's schedules tick once a minute.
TICK_SECONDS = 60.0
LONGEST_SECONDS = 180.0
# How much later than the others the slowest may be.
MOST_SECONDS_MORE = 1.0


@dataclass(frozen=True)
class Passwords:
    """Queues passwords, and finds what became of them; `queued` maps numbers to epoch seconds."""

    connection: Connection
    mock: MockControl
    queued: dict[str, float]

    def put(self, at: int) -> None:
        """Queue the password number `at`."""
        number = f"23480301{at:05d}"
        body = {"id": f"password-{number}", "to": f"+{number}", "msg": f"Your PIN is {at:05d}"}
        self.queued[number] = time.time()
        self.connection.sqs.send_message(QueueUrl=self.connection.queue_url("priority"), MessageBody=json.dumps(body))

    def seconds(self) -> dict[str, float]:
        """Return how long each took from queued to executed, so far."""
        executed = {sms["to"]: datetime.fromisoformat(sms["at"]).timestamp() for sms in self.mock.messages}
        return {number: executed[number] - at for number, at in self.queued.items() if number in executed}

    def items(self) -> list[Mapping[str, Any]]:
        """Return the table's items of the passwords, those that are not open any more."""
        found = [item for number in self.queued for item in self.connection.items_of(f"password-{number}")]
        return [item for item in found if item["state"] not in states.OPEN]

    def wait(self) -> None:
        """Wait until nothing more happens to any of them, or until it takes too long."""
        end = time.monotonic() + LONGEST_SECONDS
        while len(self.items()) < len(self.queued) and time.monotonic() < end:
            time.sleep(0.5)


@click.command()
@click.option("--passwords", "count", default=100, show_default=True, type=click.IntRange(2, 10_000))
@click.option("--every", default=14.0, show_default=True, help="Seconds between two passwords.")
@click.option("--idle", default=10.0, show_default=True, help="Seconds after which the proxy drops a connection.")
@click.option("--closing", is_flag=True, help="The proxy closes what it drops; else only the next request shows it.")
def main(count: int, every: float, idle: float, closing: bool) -> None:
    """Send the passwords and say how it went."""
    os.environ.update(LOGIN)
    with tempfile.TemporaryDirectory() as folder, running_mock() as server, MockControl(server.url) as mock:
        port = urlsplit(server.url).port or 80
        with (
            running_proxy(port, silent=not closing, idle=idle) as proxy,
            running_stack(
                kobo_url=f"http://127.0.0.1:{proxy.port}", every=TICK_SECONDS, directory=Path(folder)
            ) as stack,
        ):
            connection = local_connection(stack.environment)
            warm = Passwords(connection, mock, {})
            warm.put(0)
            warm.wait()
            click.echo(f"one password ahead, for the cold start: {sum(warm.seconds().values()):.2f} s")
            passwords = Passwords(connection, mock, {})
            send(passwords, proxy, count, every)
            good = judge(passwords, proxy)
    sys.exit(0 if good else 1)


def send(passwords: Passwords, proxy: IdleProxy, count: int, every: float) -> None:
    """Queue the passwords, one every so many seconds, and wait for the last."""
    start = time.monotonic()
    for at in range(1, count + 1):
        time.sleep(max(0.0, start + at * every - time.monotonic()))
        passwords.put(at)
        if at % 10 == 0:
            executed = len(passwords.seconds())
            click.echo(f"  {at} queued, {executed} executed; {proxy.connections} connections, {proxy.resets} reset")
    passwords.wait()


def judge(passwords: Passwords, proxy: IdleProxy) -> bool:
    """Say how it went; tell whether it was as it should be."""
    items, seconds = passwords.items(), sorted(passwords.seconds().values())
    doubted = [item for item in items if any(event["answer"].startswith("lost") for event in item["history"])]
    calls = sum(int(item["calls"]) for item in items)
    click.echo(f"{len(passwords.queued)} passwords, {len(seconds)} executed, {len(items)} final")
    click.echo(f"{len(doubted)} in doubt; {calls} calls of send/ made")
    click.echo(f"{proxy.connections} connections through the proxy, {proxy.resets} reset with a request on them")
    if len(seconds) < 2:
        return False
    median = statistics.median(seconds)
    click.echo(f"from queued to executed: {seconds[0]:.2f} s, median {median:.2f} s, slowest {seconds[-1]:.2f} s")
    all_there = len(items) == len(seconds) == len(passwords.queued)
    return all_there and not doubted and seconds[-1] <= statistics.median(seconds[:-1]) + MOST_SECONDS_MORE


if __name__ == "__main__":
    main()
