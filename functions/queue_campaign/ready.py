"""What Lambda loads: the handler, and all that it works with made at once.

Lambda loads it in the init phase, which has a whole processor; the first event has a third of one.
"""

from kobo_sms.composition.campaigns import campaign_app
from queue_campaign.handler import handle

__all__ = ["handle"]

campaign_app()
