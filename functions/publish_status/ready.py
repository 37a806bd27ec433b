"""What Lambda loads: the handler, and all that it works with made at once.

Lambda loads it in the init phase, which has a whole processor; the first event has a third of one.
"""

from kobo_sms.composition.events import event_app
from publish_status.handler import handle

__all__ = ["handle"]

event_app()
