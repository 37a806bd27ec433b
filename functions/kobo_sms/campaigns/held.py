"""A campaign that this invocation has leased, and the requests that come next in its file."""

from __future__ import annotations

from collections.abc import Iterator

from kobo_sms.campaigns.campaign import Campaign
from kobo_sms.campaigns.files import CampaignFiles
from kobo_sms.campaigns.members import Member, unpack
from kobo_sms.errors import CampaignFileFault


class HeldCampaign:
    """Reads a leased campaign's requests, a piece of the file at a time; `campaign` is how it stands."""

    def __init__(self, campaign: Campaign, files: CampaignFiles) -> None:
        self.campaign = campaign
        self._files = files
        self._members: Iterator[Member] = iter(())

    def next_member(self) -> Member:
        """Return the requests after the campaign's place.

        Raises
        ------
        CampaignFileFault
            when they cannot be read.
        """
        member = next(self._members, None)
        if member is None:
            offset = self.campaign.place.offset
            self._members = unpack(self._files.read(self.campaign, offset), offset)
            member = next(self._members, None)
        if member is None:
            raise CampaignFileFault(f"its file ends in the middle of requests, at byte {self.campaign.place.offset}")
        return member
