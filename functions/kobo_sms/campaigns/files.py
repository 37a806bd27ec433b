"""The files of campaigns in the bucket: their requests, and the rows that people handed over.

| key | holds |
|---|---|
| `CAMPAIGN/DIGEST/requests.jsonl.gz` | a request on each line, in gzip members (`members`) |
| `CAMPAIGN/DIGEST/rows.csv.gz` | for each recipient the request's id, the line in people's file, the number, that row |

The digest is that of the requests, so that what is uploaded under another content replaces nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from kobo_sms.campaigns.campaign import Campaign
from kobo_sms.campaigns.members import LONGEST_MEMBER
from kobo_sms.errors import CampaignFileFault

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# AccessDenied is what S3 says of a missing object to whoever may not list the bucket, as queue_campaign may not.
_GONE = frozenset({"NoSuchKey", "404", "InvalidRange", "416", "AccessDenied", "403"})


def requests_key(campaign_id: str, digest: str) -> str:
    """Return the key of a campaign's requests."""
    return f"{campaign_id}/{digest}/requests.jsonl.gz"


def rows_key(campaign_id: str, digest: str) -> str:
    """Return the key of the rows that people handed over."""
    return f"{campaign_id}/{digest}/rows.csv.gz"


class CampaignFiles:
    """Reads requests. Errors of S3 that a single file is not to blame for pass through."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def read(self, campaign: Campaign, offset: int) -> bytes:
        """Return a piece of the requests' file from `offset` on that holds a whole member at least.

        Raises
        ------
        CampaignFileFault
            when the file is gone, or is shorter than it was.
        """
        key = requests_key(campaign.id, campaign.digest)
        last = min(offset + LONGEST_MEMBER, campaign.size) - 1
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key, Range=f"bytes={offset}-{last}")
            content: bytes = answer["Body"].read()
            return content
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code not in _GONE:
                raise
            raise CampaignFileFault(f"its file is not in the bucket any more, or cut short ({code})") from error
