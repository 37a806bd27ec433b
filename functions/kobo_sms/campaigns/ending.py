"""Whether anything is left to send of a campaign all of whose requests are on the queue."""

from __future__ import annotations

from kobo_sms.campaigns.campaign import Campaign
from kobo_sms.campaigns.progress import CampaignProgress

# When to look again: after half of the time that has gone by since all was queued, within these bounds.
_SOONEST, _LATEST = 60.0, 3600.0
# SQS keeps nothing for longer than 14 days: what is not in the table by then never comes (it was no request, say).
_LEFT_THE_QUEUE = 14 * 86_400.0


class Ending:
    """Looks after campaigns until nothing is left to send."""

    def __init__(self, progress: CampaignProgress) -> None:
        self._progress = progress

    def look(self, campaign: Campaign, now: float) -> float | None:
        """Return when to look again (epoch seconds), None when nothing is left to send."""
        waited = now - (campaign.queued_at or now)
        if self._is_over(campaign, waited):
            return None
        return now + min(max(waited / 2, _SOONEST), _LATEST)

    def _is_over(self, campaign: Campaign, waited: float) -> bool:
        if self._progress.anything_open(campaign.id):
            return False
        known = self._progress.count(campaign.id).total()
        return known >= campaign.place.recipients or waited >= _LEFT_THE_QUEUE
