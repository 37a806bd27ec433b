"""What Lambda loads: the handler, and all that it works with made at once.

Lambda loads it in the init phase, which has a whole processor; the first event has a third of one.
"""

from kobo_sms.composition.reports import report_app
from poll_reports.handler import handle

__all__ = ["handle"]

report_app()
