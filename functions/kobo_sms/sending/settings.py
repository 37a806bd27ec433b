"""What sending one part can be set to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kobo_sms.messages.lanes import Lane


@dataclass(frozen=True)
class SendSettings:
    """What send_sms needs beyond KoboMobile and the table; times in seconds, `queue_urls` by lane."""

    queue_urls: Mapping[Lane, str]
    dead_letter_queue_url: str
    default_sender: str
    default_region: str
    calls_at_once: int
    http_timeout: float
    retry_base: float
    retry_max: float
    max_attempts: int
    first_report_after: float
    stack: str
