"""What queue_campaign is given.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kobo_sms.messages.lanes import Lane


@dataclass(frozen=True)
class CampaignSettings:
    """The table and the bucket, the lanes' queues by URL, and how many calls of send/ a lane makes at once."""

    table: str
    bucket: str
    queue_urls: Mapping[Lane, str]
    send_concurrency: int
    keep_seconds: float
