"""What one run of queue_campaign came to.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kobo_sms.campaigns.campaign import Campaign, Place, Refusal


@dataclass
class QueueingResult:
    """Counts of requests and recipients; `refused` recipients SQS will never take; `finished` campaigns have nothing
    left to send. `faulty` campaigns could not be queued for a reason of their own, and why. `failure` ended the run."""

    requests: int = 0
    recipients: int = 0
    refused: int = 0
    finished: list[str] = field(default_factory=list)
    faulty: dict[str, Exception] = field(default_factory=dict)
    failure: Exception | None = None

    def add(self, before: Campaign, place: Place, refusals: Sequence[Refusal]) -> None:
        """Count what was put on the queue up to `place`."""
        self.requests += place.requests - before.place.requests - len(refusals)
        self.recipients += place.recipients - before.place.recipients
        self.refused += sum(each.recipients for each in refusals)
