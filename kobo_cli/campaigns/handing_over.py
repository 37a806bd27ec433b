"""Handing a campaign over to the stack: its files into the bucket, then its item into the table, then a prompt.

The item is what counts. Before it is written nothing is sent; afterwards the stack carries the campaign by itself.
Whatever dies in between is done again, and changes nothing that was done.
"""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kobo_cli.campaigns.packing import Packed, packed
from kobo_cli.connection import Connection
from kobo_cli.errors import CliError
from kobo_sms.aws.event_bus import CAMPAIGN, event_source
from kobo_sms.campaigns.campaign import Campaign
from kobo_sms.campaigns.files import requests_key, rows_key
from kobo_sms.campaigns.orders import CampaignOrders
from kobo_sms.messages.lanes import Lane

DAY = 86_400.0
# A campaign's file is kept as long as what is known of a request; so long before that it must have been begun.
_DAYS_TO_SEND = 7


@dataclass(frozen=True)
class HandedOver:
    """The campaign as the stack has it; not `new` when it had it before."""

    campaign: Campaign
    new: bool


@dataclass(frozen=True)
class Wanted:
    """A campaign to hand over: its id, sender ID (None: the stack's), lane, when to begin (epoch seconds), who by.

    `written` digests what its file says, empty where there is none; where the id is `derived` from the content, the
    campaign is known again by that under another id too.
    """

    id: str
    at: float
    now: float
    sender: str | None = None
    lane: Lane = Lane.BULK
    by: str = ""
    written: str = ""
    derived: bool = False


def orders_of(connection: Connection) -> CampaignOrders:
    """Return what writes orders about campaigns. Raises CliError for a stack that is older than they are."""
    if "KOBO_CAMPAIGNS_BUCKET" not in connection.variables:
        raise CliError("this stack has no campaigns yet: deploy it anew")
    keep = float(connection.variables["KOBO_KEEP_RECORDS_DAYS"]) * DAY
    return CampaignOrders(connection.dynamodb, connection.variables["KOBO_TABLE"], keep_seconds=keep)


def hand_over_files(connection: Connection, directory: Path, *, at: float, now: float, by: str) -> HandedOver:
    """Hand over the campaign whose files lie in a directory: campaign.json, requests.jsonl.gz and rows.csv.

    Raises
    ------
    CliError
        here and below, when the files are no campaign, or the stack has another campaign of this id.
    """
    about = _read_about(directory / "campaign.json")
    wanted = Wanted(
        about["campaign"],
        at,
        now,
        about.get("from"),
        by=by,
        written=about.get("written", ""),
        derived=about.get("derived", False),
    )
    with gzip.open(directory / "requests.jsonl.gz") as lines:
        return hand_over(connection, wanted, lines, directory / "rows.csv")


def hand_over(connection: Connection, wanted: Wanted, lines: Iterable[bytes], rows: Path | None = None) -> HandedOver:
    """Hand over a campaign whose requests are `lines`; `rows` is the file of what they were made of."""
    from botocore.exceptions import BotoCoreError, ClientError

    _require_moment(connection, wanted)
    with packed(lines, wanted.id) as found:
        try:
            return _hand_over(connection, _campaign(wanted, found), found.path, rows, derived=wanted.derived)
        except (BotoCoreError, ClientError) as error:
            raise CliError(f"the campaign was not handed over: {error}") from error


def _hand_over(
    connection: Connection, campaign: Campaign, requests: Path, rows: Path | None, *, derived: bool
) -> HandedOver:
    orders = orders_of(connection)
    known = orders.read(campaign.id) or (orders.find_written(campaign.written) if derived else None)
    if known is None:
        _upload(connection, campaign, requests, rows)
        ordered = orders.accept(campaign)
        known = None if ordered.changed else ordered.campaign
    if known is not None and known.digest != campaign.digest and not _says_the_same(known, campaign):
        raise CliError(f"there is another campaign {campaign.id} already: choose another id (--id)")
    # Also when it is not new: whoever handed it over may have died before this.
    prompt(connection, (known or campaign).id)
    return HandedOver(known or campaign, new=known is None)


def _says_the_same(known: Campaign, campaign: Campaign) -> bool:
    """Tell whether both were made of the same file: only what is known of its numbers has changed since, if that."""
    return campaign.written != "" and known.written == campaign.written


def prompt(connection: Connection, campaign_id: str) -> None:
    """Ask queue_campaign to look at a campaign now, not at its next tick. Errors of EventBridge pass through."""
    detail = json.dumps({"campaign": campaign_id})
    entry = {"Source": event_source(connection.stack), "DetailType": CAMPAIGN, "Detail": detail}
    connection.client("events").put_events(Entries=[entry])


def _read_about(path: Path) -> dict[str, Any]:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CliError(f"{path}: no campaign, or one that was not written to its end ({error})") from error
    if not isinstance(about, dict) or not isinstance(about.get("campaign"), str):
        raise CliError(f"{path}: names no campaign")
    return about


def _require_moment(connection: Connection, wanted: Wanted) -> None:
    most = float(connection.variables["KOBO_KEEP_RECORDS_DAYS"]) - _DAYS_TO_SEND
    if wanted.at - wanted.now > most * DAY:
        raise CliError(f"--at: at most {most:g} days ahead, as the campaign is kept for a week more (KeepRecordsDays)")


def _campaign(wanted: Wanted, found: Packed) -> Campaign:
    return Campaign(
        id=wanted.id,
        digest=found.digest,
        size=found.size,
        requests=found.requests,
        rows=found.recipients,
        at=wanted.at,
        created_at=wanted.now,
        lane=wanted.lane,
        sender=wanted.sender,
        by=wanted.by,
        written=wanted.written,
    )


def _upload(connection: Connection, campaign: Campaign, requests: Path, rows: Path | None) -> None:
    from boto3.exceptions import S3UploadFailedError

    s3, bucket = connection.client("s3"), connection.variables["KOBO_CAMPAIGNS_BUCKET"]
    try:
        if rows is not None:
            for compressed in _compressed(rows):
                s3.upload_file(str(compressed), bucket, rows_key(campaign.id, campaign.digest))
        s3.upload_file(str(requests), bucket, requests_key(campaign.id, campaign.digest))
    except S3UploadFailedError as error:
        raise CliError(f"the campaign's files could not be uploaded: {error}") from error


def _compressed(path: Path) -> Iterator[Path]:
    """Yield a compressed copy of a file, there until the next is asked for."""
    with tempfile.NamedTemporaryFile(prefix="kobo-", suffix=".gz") as file:
        with path.open("rb") as source, gzip.GzipFile("", "wb", 6, file, mtime=0) as compressed:
            shutil.copyfileobj(source, compressed)
        file.flush()
        yield Path(file.name)
