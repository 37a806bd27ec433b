"""`kobo find` on a table of a million parts: how many reads, and how long.

    .venv/bin/python -m benchmarks.find [--parts 1000000]

The table lies in the embedded AWS, which is filled first (that takes most of the time). A number has a hundred parts,
one has five thousand. Ends with exit 1 unless each search found what it should, by two reads for each hundred parts.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import click

from kobo_cli.connection import Connection, local_connection
from kobo_cli.lookup import parts_sent_to
from kobo_cli.reports.find import rows_of
from kobo_sms.aws.dynamodb import encode
from kobo_sms.events.lookup import entries_of
from local_aws.processes.child import HOST, started
from local_aws.processes.ports import reserved
from local_aws.processes.programs import ACCESS_KEY, REGION, SECRET_KEY, engine

TABLE = "messages"
PARTS_OF_A_NUMBER = 100
BUSY, PARTS_OF_THE_BUSY = "2348030199999", 5000
WRITERS = 4
SEARCHES = 50
NOW = 1_800_000_000


@dataclass
class Reads:
    """Counts the calls of a client."""

    names: list[str] = field(default_factory=list)

    def count(self, model: Any, **_: Any) -> None:
        """Note one call."""
        self.names.append(model.name)


@click.command()
@click.option("--parts", default=1_000_000, show_default=True, type=click.IntRange(PARTS_OF_THE_BUSY + 100))
def main(parts: int) -> None:
    """Fill a table and search it."""
    with tempfile.TemporaryDirectory() as folder, reserved(0, "--parts") as port:
        Path(folder, "work").mkdir()
        with started(engine(port, Path(folder))) as child:
            child.wait_until_ready()
            connection = _connect(port)
            _fill(connection, parts)
            sys.exit(0 if _search(connection, parts) else 1)


def _connect(port: int) -> Connection:
    login = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_DEFAULT_REGION": REGION}
    return local_connection({"AWS_ENDPOINT_URL": f"http://{HOST}:{port}", "KOBO_TABLE": TABLE, **login})


def _fill(connection: Connection, parts: int) -> None:
    keys = [("id", "HASH"), ("part", "RANGE")]
    connection.dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],  # type: ignore[typeddict-item]
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
    )
    items = (item for at in range(parts) for item in _written(at))
    began = time.monotonic()
    with ThreadPoolExecutor(WRITERS) as pool:
        while block := list(islice(items, 25 * 1000)):
            batches = [block[start : start + 25] for start in range(0, len(block), 25)]
            list(pool.map(lambda batch: _write(connection, batch), batches))
    print(f"{parts:,} parts and as many look-up entries written in {time.monotonic() - began:.0f} s")


def _written(at: int) -> Iterator[dict[str, Any]]:
    number = BUSY if at < PARTS_OF_THE_BUSY else f"23480301{at // PARTS_OF_A_NUMBER:05d}"
    part = {
        "id": f"order-{at:07d}",
        "part": "0",
        "state": "sent",
        "from": "Shop",
        "text": "Your order is on its way.",
        "created_at": Decimal(NOW + at),
        "updated_at": Decimal(NOW + at + 1),
        "expires": Decimal(NOW + 10**8),
        "recipients": {number: {"state": "delivered", "report": "DELIVRD", "at": Decimal(NOW + at + 60)}},
    }
    yield part
    yield from entries_of(part)


def _write(connection: Connection, items: list[dict[str, Any]]) -> None:
    left: Any = [{"PutRequest": {"Item": encode(item)}} for item in items]
    while left:
        left = connection.dynamodb.batch_write_item(RequestItems={TABLE: left})["UnprocessedItems"].get(TABLE)


def _search(connection: Connection, parts: int) -> bool:
    step = (parts - PARTS_OF_THE_BUSY) // SEARCHES
    numbers = [f"23480301{(PARTS_OF_THE_BUSY + at * step) // PARTS_OF_A_NUMBER:05d}" for at in range(SEARCHES)]
    wanted: Mapping[str, tuple[list[str], int, int]] = {
        "the newest 20 of a number": (numbers, 20, 20),
        "all 100 of a number": (numbers, 100, 100),
        "the newest 20 of the busy one": ([BUSY] * SEARCHES, 20, 20),
        "all of the busy one": ([BUSY], 10_000, PARTS_OF_THE_BUSY),
    }
    held = [_measure(connection, title, *each) for title, each in wanted.items()]
    return all(held)


def _measure(connection: Connection, title: str, numbers: list[str], most: int, expected: int) -> bool:
    reads, seconds, good = Reads(), [], True
    connection.dynamodb.meta.events.register("before-call.dynamodb", reads.count)
    for number in numbers:
        began = time.monotonic()
        rows = list(islice(rows_of(number, parts_sent_to(connection, number, since=0, most=most)), most))
        seconds.append(time.monotonic() - began)
        good &= len(rows) == expected and rows == sorted(rows, key=lambda row: row["at"], reverse=True)
    connection.dynamodb.meta.events.unregister("before-call.dynamodb", reads.count)
    each = len(reads.names) / len(numbers)
    # A last page may be empty.
    good &= each <= 2 * -(-expected // 100) + 1
    print(
        f"{title}: {each:.0f} reads, {statistics.median(seconds) * 1000:.0f} ms in the median", "" if good else "WRONG"
    )
    return good


if __name__ == "__main__":
    main()
