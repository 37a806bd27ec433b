"""Campaigns in the messages table, as queue_campaign works on them.

A campaign that there is something to do about carries `due_shard` and `due_at`, and so stands in the index `due`. It is
leased before its requests are queued. Its place moves on only under the lease, and after the requests before the
place are on the queue: whoever dies in between has them queued again under the same ids, which send_sms sends once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kobo_sms.aws.dynamodb import Expression, decode, encode
from kobo_sms.campaigns.campaign import ACTIVE, MOST_REFUSALS, UNQUEUED, Campaign, CampaignState, Place, Refusal
from kobo_sms.campaigns.campaign import read_item as campaign_of
from kobo_sms.table import CAMPAIGNS_DUE, CAMPAIGNS_ID, Item, moment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# One invocation looks at no more: what is over is found by the next.
_MOST_DUE = 200


class CampaignStore:
    """Reads and writes campaigns. Errors of DynamoDB pass through."""

    def __init__(self, client: DynamoDBClient, table: str, *, keep_seconds: float) -> None:
        self._client = client
        self._table = table
        self._keep = keep_seconds

    def due(self, now: float) -> list[str]:
        """Return the ids of the campaigns that there is something to do about, the longest due first."""
        answer = self._client.query(
            TableName=self._table,
            IndexName="due",
            KeyConditionExpression="due_shard = :shard AND due_at <= :now",
            ExpressionAttributeValues=encode({":shard": CAMPAIGNS_DUE, ":now": moment(now)}),
            Limit=_MOST_DUE,
        )
        return [item["part"]["S"] for item in answer["Items"]]

    def lease(self, campaign_id: str, *, token: str, now: float, until: float) -> Campaign | None:
        """Take the right to work on a campaign that is due, until `until` (epoch seconds); None: nothing to take."""
        write = Expression().set(lease=token, lease_until=moment(until))
        active = _is_one_of(write, "state", sorted(ACTIVE))
        expired = f"{write.name('lease_until')} <= {write.value(moment(now))}"
        # boto3 repeats a write whose answer was lost: our own lease does not keep us out.
        free = f"attribute_not_exists({write.name('lease_until')}) OR {expired} OR {_ours(write, token)}"
        write.where(f"{write.name('due_at')} <= {write.value(moment(now))}").where(active).where(free)
        item = self._write(campaign_id, write)
        return campaign_of(item) if item is not None else None

    def move(
        self, campaign: Campaign, place: Place, refused: Sequence[Refusal], *, token: str, now: float, next_due: float
    ) -> Campaign | None:
        """Note that all requests before `place` are on the queue, but for those that SQS will never take.

        Returns the campaign as it is now, as somebody may have paused or stopped it; None: the lease is lost. What has
        been queued as a whole is due at `next_due`.
        """
        whole = place.offset >= campaign.size
        write = self._placed(campaign, place, refused, now)
        write.set(state=CampaignState.SENDING if whole else CampaignState.QUEUEING)
        if whole:
            write.set(due_at=moment(next_due))
        write.where(_ours(write, token)).where(_is_one_of(write, "state", sorted(UNQUEUED)))
        item = self._write(campaign.id, write)
        if item is None:
            # An order has changed its state meanwhile. The requests are on the queue all the same.
            write = self._placed(campaign, place, refused, now)
            item = self._write(campaign.id, write.where(_ours(write, token)))
        return campaign_of(item) if item is not None else None

    def give_back(self, campaign_id: str, *, token: str, next_due: float | None = None) -> None:
        """End a lease before its time, and have the campaign due at `next_due` (None: when it was), if it still is."""
        if next_due is not None:
            write = Expression().set(due_at=moment(next_due)).remove("lease", "lease_until")
            write.where(_ours(write, token)).where(f"attribute_exists({write.name('due_at')})")
            if self._write(campaign_id, write) is not None:
                return
        write = Expression().remove("lease", "lease_until")
        self._write(campaign_id, write.where(_ours(write, token)))

    def put_off(self, campaign_id: str, fault: str, *, token: str, times: int, until: float) -> None:
        """Note why a campaign cannot be worked on, for the `times`th time in a row, and have it due at `until`.

        One that was paused or stopped meanwhile stays so.
        """
        write = Expression().set(fault=fault, put_off=times, due_at=moment(until))
        write.remove("lease", "lease_until").where(_ours(write, token))
        self._write(campaign_id, write.where(f"attribute_exists({write.name('due_at')})"))

    def finish(self, campaign_id: str, *, token: str, now: float) -> None:
        """Note that nothing of a campaign is left to send."""
        write = Expression().set(state=CampaignState.DONE, ended_at=moment(now), updated_at=moment(now))
        write.remove("lease", "lease_until", "due_shard", "due_at")
        write.where(_ours(write, token)).where(f"{write.name('state')} = {write.value(CampaignState.SENDING)}")
        self._write(campaign_id, write)

    def _placed(self, campaign: Campaign, place: Place, refused: Sequence[Refusal], now: float) -> Expression:
        write = Expression().set(
            offset=place.offset,
            queued_requests=place.requests,
            queued=place.recipients,
            updated_at=moment(now),
            expires=int(now + self._keep),
        )
        write.set_once(started_at=moment(now))
        if place.offset >= campaign.size:
            write.set_once(queued_at=moment(now))
        if campaign.put_off:
            write.remove("fault", "put_off")
        if refused:
            named = dict(campaign.refusals or {}) | {each.request_id: each.reason for each in refused}
            kept = dict(list(named.items())[:MOST_REFUSALS])
            unnamed = campaign.unnamed + sum(each.recipients for each in refused if each.request_id not in kept)
            write.set(
                refused=campaign.refused + sum(each.recipients for each in refused),
                refusals=kept,
                unnamed=unnamed or None,
            )
        return write

    def _write(self, campaign_id: str, write: Expression) -> Item | None:
        """Return the item as it is after the write; None when its conditions do not hold."""
        try:
            answer = self._client.update_item(**write.update(self._table, key_of(campaign_id)), ReturnValues="ALL_NEW")
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return decode(answer["Attributes"])


def key_of(campaign_id: str) -> dict[str, Any]:
    """Return a campaign's key as DynamoDB's wire types."""
    return encode({"id": CAMPAIGNS_ID, "part": campaign_id})


def _ours(write: Expression, token: str) -> str:
    return f"{write.name('lease')} = {write.value(token)}"


def _is_one_of(write: Expression, attribute: str, values: Sequence[str]) -> str:
    return " OR ".join(f"{write.name(attribute)} = {write.value(value)}" for value in values)
