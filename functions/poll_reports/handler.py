"""Lambda: asks for the delivery reports that are due, on a schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kobo_sms import telemetry
from kobo_sms.composition.reports import report_app
from kobo_sms.runtime import Deadline

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Poll what is due until the invocation's time is nearly out; the answer counts calls and parts.

    The schedule's event names no `shard`: it is for the first one, which then invokes the others.
    """
    app = report_app()
    deadline = Deadline.in_seconds(context.get_remaining_time_in_millis() / 1000, app.clock)
    if "shard" not in event and app.fan_out is not None:
        telemetry.log_fan_out(app.logger, app.fan_out.start(context.function_name))
    tally = app.poller.run(deadline, int(event.get("shard", 0)))
    if "shard" not in event:
        telemetry.count_silence(app.logger, app.metrics, app.valve.checked_at, app.clock)
    telemetry.publish_tally(app.logger, app.metrics, tally)
    if tally.failure is not None:
        raise tally.failure
    return {"parts": tally.parts, "calls": tally.calls}
