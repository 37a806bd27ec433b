"""Lambda: puts the requests of campaigns on the queues, on a schedule and when one is handed over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kobo_sms import telemetry
from kobo_sms.composition.campaigns import campaign_app
from kobo_sms.runtime import Deadline

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Queue what is due until there is no more room or the invocation's time is nearly out.

    The event of a campaign that was handed over or resumed names it in its `detail`; the schedule's names none.
    """
    app = campaign_app()
    deadline = Deadline.in_seconds(context.get_remaining_time_in_millis() / 1000, app.clock)
    prompted = event.get("detail", {}).get("campaign")
    result = app.queueing.run(deadline, [prompted] if isinstance(prompted, str) and prompted else [])
    telemetry.publish_queueing(app.logger, app.metrics, result)
    telemetry.flush(app.metrics)
    if result.failure is not None:
        raise result.failure
    return {"requests": result.requests, "recipients": result.recipients, "finished": len(result.finished)}
