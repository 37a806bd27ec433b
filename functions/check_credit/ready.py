"""What Lambda loads: the handler, and all that it works with made at once.

Lambda loads it in the init phase, which has a whole processor; the first event has a third of one.
"""

import gc

# All that is loaded stays: looking through it for what may go takes a seventh of the time.
gc.disable()

from check_credit.handler import handle  # noqa: E402
from kobo_sms.composition.credit import credit_app  # noqa: E402

__all__ = ["handle"]

credit_app()
gc.enable()
