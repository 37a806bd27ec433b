"""What Lambda loads: the handler, and all that it works with made at once.

Lambda loads it in the init phase, which has a whole processor; the first event has a third of one.
"""

import gc

# All that is loaded stays: looking through it for what may go takes a seventh of the time.
gc.disable()

from kobo_sms.composition.reports import report_app  # noqa: E402
from poll_reports.handler import handle  # noqa: E402

__all__ = ["handle"]

report_app()
gc.enable()
