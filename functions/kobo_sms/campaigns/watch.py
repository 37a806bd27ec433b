"""What send_sms knows of campaigns: whether their parts may be sent. Asked for at most every few seconds each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kobo_sms.aws.dynamodb import decode
from kobo_sms.campaigns.campaign import CampaignState, read_state
from kobo_sms.campaigns.store import key_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# How long a pause, and the end of one, may go unnoticed by a warm send_sms.
FRESH_SECONDS = 3.0
# A process that has met more campaigns forgets what it knew of them.
_MOST_KNOWN = 1000


class CampaignWatch:
    """Reads states of campaigns, and remembers them. Errors of DynamoDB pass through.

    Threads may share it; those that ask at the same moment each read.
    """

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], float]) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._known: dict[str, tuple[float, CampaignState | None]] = {}

    def state(self, campaign_id: str) -> CampaignState | None:
        """Return a campaign's state, as it was within the last seconds; None if there is no such campaign."""
        now = self._clock()
        read_at, state = self._known.get(campaign_id, (None, None))
        # Nothing leaves `stopped`.
        if read_at is not None and (state is CampaignState.STOPPED or 0 <= now - read_at < FRESH_SECONDS):
            return state
        state = self._read(campaign_id)
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[campaign_id] = now, state
        return state

    def _read(self, campaign_id: str) -> CampaignState | None:
        answer = self._client.get_item(
            TableName=self._table,
            Key=key_of(campaign_id),
            ProjectionExpression="#state",
            ExpressionAttributeNames={"#state": "state"},
            ConsistentRead=True,
        )
        return read_state(decode(answer["Item"])["state"]) if "Item" in answer else None
