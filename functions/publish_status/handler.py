"""Lambda: publishes what changed in the messages table, from the table's stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kobo_sms import telemetry
from kobo_sms.composition.events import event_app
from kobo_sms.runtime import Deadline

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Publish a batch; the answer names the record from which the stream is to be handed out again."""
    app = event_app()
    deadline = Deadline.in_seconds(context.get_remaining_time_in_millis() / 1000, app.clock)
    done = app.publisher.publish(event["Records"], deadline)
    telemetry.publish_published(app.logger, app.metrics, done)
    telemetry.flush(app.metrics)
    return {"batchItemFailures": [{"itemIdentifier": sequence} for sequence in done.failed]}
