"""Messages of a campaign that were dead-lettered without a part of theirs in the table, noted so that they are counted.

A message that is no request, or whose id was used before, comes to no item that the campaign could count. So a note
stands in for it: it is in the index `campaign` as a part is, `rejected`, and the campaign does not wait for it.

A note's key is `~left-out/REQUEST` and the part's name. Its `recipients` are empty where all of the request are meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kobo_sms.aws.dynamodb import Expression, encode
from kobo_sms.campaigns.lines import count_recipients, read_fields
from kobo_sms.messages.fields import CAMPAIGN_PATTERN, ID_PATTERN
from kobo_sms.messages.parts import ROOT
from kobo_sms.messages.progress import campaign_shard, describe_progress
from kobo_sms.messages.states import State
from kobo_sms.table import LEFT_OUT_PREFIX, Item, moment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class LeftOut:
    """A message of a campaign: its request, the part's name, how many recipients it names, and who they are if it is a
    smaller part."""

    campaign: str
    request_id: str
    part: str
    recipients: int
    numbers: tuple[str, ...] = ()


def left_out_of(body: str, part: str) -> LeftOut | None:
    """Return what a message's body says of the campaign that it is missing from; None where it says nothing of one.

    It need be no valid request. A campaign has requests of its own ids only.
    """
    fields = read_fields(body)
    campaign, id_ = fields.get("campaign"), fields.get("id")
    if not (isinstance(campaign, str) and isinstance(id_, str)):
        return None
    if not (re.fullmatch(CAMPAIGN_PATTERN, campaign) and re.fullmatch(ID_PATTERN, id_)):
        return None
    if id_ != campaign and not id_.startswith(f"{campaign}:"):
        return None
    to = fields.get("to")
    # A smaller part's body was written by `Request.to_json`.
    numbers = tuple(str(each).lstrip("+") for each in to) if part != ROOT and isinstance(to, list) else ()
    return LeftOut(campaign, id_, part, count_recipients(fields), numbers)


class LeftOutNotes:
    """Writes notes. Errors of DynamoDB pass through."""

    def __init__(self, client: DynamoDBClient, table: str, *, keep_seconds: float) -> None:
        self._client = client
        self._table = table
        self._keep = keep_seconds

    def put(self, left_out: LeftOut, reason: str, now: float) -> None:
        """Note why a message's recipients get nothing of their campaign. Noted twice, they count once."""
        counted: dict[str, Item] = {str(at): {} for at in range(left_out.recipients)}
        write = Expression().set(
            state=State.REJECTED,
            reason=reason,
            recipients={number: {} for number in left_out.numbers},
            campaign_shard=campaign_shard(left_out.campaign, left_out.request_id, left_out.part),
            progress=describe_progress(State.REJECTED, reason, counted),
            updated_at=moment(now),
            expires=int(now + self._keep),
        )
        key = encode({"id": f"{LEFT_OUT_PREFIX}{left_out.request_id}", "part": left_out.part})
        self._client.update_item(**write.update(self._table, key))
