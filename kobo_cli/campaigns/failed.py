"""The rows of a campaign's file whose recipients did not get the SMS, each with its state and the reason."""

from __future__ import annotations

import csv
import gzip
import io
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from kobo_cli.campaigns.in_order import in_order
from kobo_cli.connection import Connection
from kobo_cli.errors import CliError
from kobo_cli.spreadsheet import FAILED_ROWS, as_text
from kobo_sms.campaigns.campaign import Campaign, CampaignState
from kobo_sms.campaigns.files import rows_key
from kobo_sms.campaigns.progress import CampaignProgress, Key
from kobo_sms.messages.recipients import recipients_of
from kobo_sms.messages.states import FAILURES, State
from kobo_sms.reports.store import MOST_KEYS, ReportStore
from kobo_sms.table import LEFT_OUT_PREFIX

# They stand first, as a row may have more cells than there are columns.
ADDED = FAILED_ROWS
# Of rows.csv: the request, the line in people's file, the number.
_OURS = 3
_NOT_QUEUED = "its campaign was stopped before it was put on the queue"

# Stands for the number where all of a request are meant.
_ALL = ""
Failure = tuple[str, str]


def write_failed(connection: Connection, campaign: Campaign, progress: CampaignProgress, path: Path) -> int:
    """Write the rows of those who did not get it, in the order of people's file; return how many.

    Raises
    ------
    CliError
        when the campaign's rows are not kept (any more), or the file cannot be written.
    """
    rows = _rows(connection, campaign)
    header = next(rows)
    failures = dict(_failures(connection, progress.parts_with(campaign.id, FAILURES.__contains__)))
    failed = in_order((int(row[0]), row) for row in _failed_rows(campaign, rows, failures))
    return _write(path, [*ADDED, *header[_OURS:]], failed)


def _failures(connection: Connection, keys: Iterable[Key]) -> Iterator[tuple[tuple[str, str], Failure]]:
    """Yield request and number of each recipient who did not get it, with state and reason."""
    store, left = ReportStore(connection.dynamodb, connection.variables["KOBO_TABLE"], keep_seconds=0), iter(keys)
    while batch := list(islice(left, MOST_KEYS)):
        for item in store.get_many(batch):
            request = item["id"].removeprefix(LEFT_OUT_PREFIX)
            if request != item["id"] and not item["recipients"]:
                yield (request, _ALL), (item["state"], item["reason"])
            for number, recipient in recipients_of(item).items():
                if recipient.state in FAILURES and not recipient.moved_on:
                    yield (request, number), (recipient.state, recipient.reason or "")


def _failed_rows(
    campaign: Campaign, rows: Iterable[Sequence[str]], failures: Mapping[tuple[str, str], Failure]
) -> Iterator[list[str]]:
    for request, line, number, *cells in rows:
        failure = failures.get((request, number)) or failures.get((request, _ALL)) or _of_request(campaign, request)
        if failure is not None:
            yield [line, number, *failure, *cells]


def _of_request(campaign: Campaign, request: str) -> Failure | None:
    """Return why a request never came onto the queue, None if it did or may still come there."""
    if request in (campaign.refusals or {}):
        return State.REJECTED, (campaign.refusals or {})[request]
    number = request.rpartition(":")[2]
    if campaign.state is CampaignState.STOPPED and number.isdigit() and int(number) > campaign.place.requests:
        return State.CANCELLED, _NOT_QUEUED
    return None


def _rows(connection: Connection, campaign: Campaign) -> Iterator[list[str]]:
    from botocore.exceptions import ClientError

    key, bucket = rows_key(campaign.id, campaign.digest), connection.variables["KOBO_CAMPAIGNS_BUCKET"]
    try:
        body: Any = connection.client("s3").get_object(Bucket=bucket, Key=key)["Body"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
            raise
        raise CliError(f"the rows of {campaign.id} are not kept (any more)") from None
    with gzip.open(body) as lines, io.TextIOWrapper(lines, encoding="utf-8", newline="") as text:
        yield from csv.reader(text)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Write the file as a whole or not at all. As it holds numbers, only its owner may read it."""
    count, unfinished = 0, None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        unfinished = Path(name)
        # Excel takes UTF-8 for what it is by the mark at its beginning.
        with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(as_text(header))
            for row in rows:
                writer.writerow(as_text(row))
                count += 1
        unfinished.replace(path)
        unfinished = None
    except OSError as error:
        raise CliError(f"--failed {path}: {error.strerror or error}") from error
    finally:
        if unfinished is not None:
            unfinished.unlink(missing_ok=True)
    return count
