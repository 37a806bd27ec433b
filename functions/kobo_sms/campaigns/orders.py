"""What people order of campaigns: to take one over, to pause, resume and stop it. Each is one conditional write.

An order takes effect when it is written: queue_campaign learns of it when it next moves the campaign's place on,
send_sms within seconds (`watch`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kobo_sms.aws.dynamodb import Expression, condition_failed, decode, encode
from kobo_sms.campaigns.campaign import ACTIVE, ENDED, Campaign, CampaignState, new_item, read_item
from kobo_sms.campaigns.store import key_of
from kobo_sms.errors import UnreadableCampaign, WriteConflict
from kobo_sms.table import CAMPAIGNS_DUE, CAMPAIGNS_ID, Item, moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

_TRIES = 5


@dataclass(frozen=True)
class Ordered:
    """What came of an order: the campaign as it is now (None: there is none), and whether the order changed it."""

    campaign: Campaign | None
    changed: bool


class CampaignOrders:
    """Writes orders. Errors of DynamoDB pass through."""

    def __init__(self, client: DynamoDBClient, table: str, *, keep_seconds: float) -> None:
        self._client = client
        self._table = table
        self._keep = keep_seconds

    def read(self, campaign_id: str) -> Campaign | None:
        """Return a campaign, None when there is none of this id."""
        answer = self._client.get_item(TableName=self._table, Key=key_of(campaign_id), ConsistentRead=True)
        return read_item(decode(answer["Item"])) if "Item" in answer else None

    def all(self) -> Iterator[Campaign | UnreadableCampaign]:
        """Yield all campaigns that are kept, by their ids; of one that this release cannot read, the error."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="id = :id",
            ExpressionAttributeValues=encode({":id": CAMPAIGNS_ID}),
            ConsistentRead=True,
        )
        return (_read_or_say(decode(item)) for page in pages for item in page["Items"])

    def find_written(self, written: str) -> Campaign | None:
        """Return the campaign whose file said the same (a digest, empty for none), however its numbers were read."""
        found = self.all() if written else iter(())
        return next((each for each in found if isinstance(each, Campaign) and each.written == written), None)

    def accept(self, campaign: Campaign) -> Ordered:
        """Take a campaign over unless there is one of its id already: then return that one, of whatever content."""
        expires = int(max(campaign.at, campaign.created_at) + self._keep)
        write = Expression().set(**new_item(campaign), expires=expires, updated_at=moment(campaign.created_at))
        write.set(due_shard=CAMPAIGNS_DUE, due_at=_due_at(campaign.at, campaign.created_at))
        write.where(f"attribute_not_exists({write.name('id')})")
        ordered = self._carry_out(campaign.id, write, "created_at", campaign.created_at)
        # Another one may be of the same millisecond.
        same = ordered.campaign is not None and ordered.campaign.digest == campaign.digest
        return replace(ordered, changed=ordered.changed and same)

    def pause(self, campaign_id: str, *, now: float) -> Ordered:
        """Have nothing more of a campaign sent until it is resumed."""
        write = self._order(now, state=CampaignState.PAUSED, paused_at=moment(now))
        return self._carry_out(campaign_id, _from(write.remove("due_shard", "due_at"), ACTIVE), "paused_at", now)

    def stop(self, campaign_id: str, *, by: str, now: float) -> Ordered:
        """Have nothing more of a campaign sent, for good."""
        write = self._order(now, state=CampaignState.STOPPED, ended_at=moment(now), ended_by=by or None)
        write.remove("due_shard", "due_at")
        return self._carry_out(campaign_id, _from(write, set(CampaignState) - ENDED), "ended_at", now)

    def resume(self, campaign_id: str, *, now: float) -> Ordered:
        """Have a paused campaign go on.

        Raises
        ------
        WriteConflict
            when its place moves on all the time.
        """
        for _ in range(_TRIES):
            known = self.read(campaign_id)
            if known is None or known.state is not CampaignState.PAUSED:
                return Ordered(known, changed=False)
            done = self._resume(known, now)
            if done.changed:
                return done
        raise WriteConflict(f"the campaign {campaign_id} was changed by others {_TRIES} times")

    def _resume(self, known: Campaign, now: float) -> Ordered:
        kept_from = max(now, known.at)
        write = self._order(kept_from, state=known.resumed(now), updated_at=moment(now), due_shard=CAMPAIGNS_DUE)
        write.set(due_at=_due_at(known.at, now), paused_seconds=moment(known.paused_until(now))).remove("paused_at")
        # Whoever was queueing it when it was paused may still move its place on.
        offset = write.name("offset")
        same = f"{offset} = {write.value(known.place.offset)}"
        write.where(same if known.place.offset else f"attribute_not_exists({offset}) OR {same}")
        return self._carry_out(known.id, _from(write, {CampaignState.PAUSED}), "updated_at", now)

    def _order(self, now: float, **attributes: Any) -> Expression:
        attributes = {"updated_at": moment(now), "expires": int(now + self._keep)} | attributes
        return Expression().set(**attributes)

    def _carry_out(self, campaign_id: str, write: Expression, mark: str, now: float) -> Ordered:
        """Write an order; its moment stands in the attribute `mark` once it is written."""
        try:
            answer = self._client.update_item(**write.update(self._table, key_of(campaign_id)), ReturnValues="ALL_NEW")
        except self._client.exceptions.ConditionalCheckFailedException as error:
            item = condition_failed(error)
            # boto3 repeats a write whose answer was lost, and then finds what it has written.
            return Ordered(read_item(item) if item else None, changed=item.get(mark) == moment(now))
        return Ordered(read_item(decode(answer["Attributes"])), changed=True)


def _read_or_say(item: Item) -> Campaign | UnreadableCampaign:
    try:
        return read_item(item)
    except UnreadableCampaign as error:
        return error


def _due_at(at: float, now: float) -> Decimal:
    """Return when a campaign is due that begins at `at`: at once if that has come, wrong as the clock here may be."""
    return moment(at if at > now else 0.0)


def _from(write: Expression, states: Collection[CampaignState]) -> Expression:
    """Demand that the campaign is in one of `states`."""
    name = write.name("state")
    return write.where(" OR ".join(f"{name} = {write.value(state)}" for state in sorted(states)))
