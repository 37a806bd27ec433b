"""What a check of the credit can be set to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from kobo_sms.messages.lanes import Lane


@dataclass(frozen=True)
class CreditSettings:
    """What check_credit needs beyond KoboMobile and the table.

    `low` and `critical` are thresholds of the balance, 0 for none; `mappings` and `queue_urls` go by lane.
    """

    stack: str
    low: Decimal
    critical: Decimal
    topic_arn: str
    send_function: str
    mappings: Mapping[Lane, str]
    queue_urls: Mapping[Lane, str]
