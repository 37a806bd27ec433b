"""What this stack puts on the account's default EventBridge bus, and by what a rule tells it apart."""

from __future__ import annotations

# A prompt for check_credit to look now; the rule is in template.yaml.
CHECK = "check"
# A prompt for queue_campaign to look now at the campaign that its detail names; the rule is in template.yaml.
CAMPAIGN = "campaign"
# What became of recipients (docs/events.md).
STATUS_CHANGED = "SMS status changed"


def event_source(stack: str) -> str:
    """Return the source of all events of a stack."""
    return f"kobo-sms.{stack}"
