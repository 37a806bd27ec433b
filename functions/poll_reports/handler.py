"""Lambda: asks for the delivery reports that are due, on a schedule."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from kobo_sms import telemetry
from kobo_sms.composition import report_app

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# A part of 500 recipients that has been begun takes a while to end.
_STOP_BEFORE_DEADLINE = 20.0


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Poll what is due until the invocation's time is nearly out; the answer counts calls and parts."""
    app = report_app()
    deadline = time.time() + context.get_remaining_time_in_millis() / 1000 - _STOP_BEFORE_DEADLINE
    try:
        tally = app.poller.run(deadline)
        telemetry.publish_tally(app.logger, app.metrics, tally)
    finally:
        telemetry.flush(app.metrics)
    return {"parts": tally.parts, "calls": tally.calls}
