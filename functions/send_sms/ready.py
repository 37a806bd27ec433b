"""What Lambda loads: the handler, and all that it works with made at once.

Lambda loads it in the init phase, which has a whole processor; the first event has a third of one.
"""

from kobo_sms.composition.send import send_app
from send_sms.handler import handle

__all__ = ["handle"]

send_app()
