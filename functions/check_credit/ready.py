"""What Lambda loads: the handler, and all that it works with made at once.

Lambda loads it in the init phase, which has a whole processor; the first event has a third of one.
"""

from check_credit.handler import handle
from kobo_sms.composition.credit import credit_app

__all__ = ["handle"]

credit_app()
