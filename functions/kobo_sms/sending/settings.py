"""What sending one part can be set to."""

from __future__ import annotations

from dataclasses import dataclass

from kobo_sms.messages.lanes import BULK, PRIORITY


@dataclass(frozen=True)
class SendSettings:
    """What send_sms needs beyond KoboMobile and the table; times in seconds."""

    priority_queue_url: str
    bulk_queue_url: str
    dead_letter_queue_url: str
    default_sender: str
    default_region: str
    calls_at_once: int
    retry_base: float
    retry_max: float
    max_attempts: int
    first_report_after: float
    stack: str

    def lane_of(self, queue_url: str) -> str:
        """Return the name of the lane that a queue is."""
        return PRIORITY if queue_url == self.priority_queue_url else BULK
