"""Windows of counted calls, as send_sms writes them, and what else a check finds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.lanes import Lane
from kobo_sms.valve.call_window import CallWindow, slot_of
from kobo_sms.valve.rules import Finding
from kobo_sms.valve.signals import ACCEPTED, CREDENTIALS, GATEWAY, FailureSignal
from kobo_sms.valve.state import Closed, Valve

# Four seconds into a slot: `ago` of 0 to 4 is the newest slot, 5 to 9 the one before.
NOW = 1_800_000_004.0
OPEN, WELL, NOTHING = Valve(), Finding(None, Decimal(5000)), CallWindow()
BOTH = {Lane.PRIORITY, Lane.BULK}
OTHER = {Lane.BULK: Lane.PRIORITY, Lane.PRIORITY: Lane.BULK}
FINDINGS = [WELL, Finding(None), Finding(GATEWAY), Finding(CREDENTIALS), Finding(None, Decimal(0))]


def counted(
    failed: int = 0,
    worked: int = 0,
    *,
    ago: float = 0.0,
    lane: Lane = Lane.BULK,
    symptom: Symptom = GATEWAY,
    recipients: Iterable[str] = "abc",
    pages: int = 1,
) -> CallWindow:
    """Return `failed` and `worked` calls made `ago` seconds before NOW; the failed ones were for `recipients`."""
    at = NOW - ago
    counts = {(slot_of(at), lane, symptom): failed, (slot_of(at), lane, ACCEPTED): worked}
    told = frozenset(FailureSignal(at, symptom, lane, each, pages) for each in recipients if failed)
    return CallWindow({key: count for key, count in counts.items() if count}, told)


def any_of(closed: Mapping[Lane, Closed]) -> dict[Lane, Any]:
    """Return closed lanes to look at fields that only some causes have."""
    return dict(closed)
