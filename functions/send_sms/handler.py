"""Lambda: sends what the event source mappings of the two queues bring."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import AsyncBatchProcessor, EventType, async_process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from kobo_sms import telemetry
from kobo_sms.aws.sqs_records import read_record
from kobo_sms.batch_metrics import BatchMetrics
from kobo_sms.composition.send import send_app
from kobo_sms.runtime import Deadline

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class ComesBack(Exception):
    """No error, but the partial batch response's way to say that a message stays on the queue."""


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Process a batch; the answer names the messages that stay on the queue.

    With `"probe": true`, which only check_credit puts into an event, the answer also counts the messages that
    KoboMobile `accepted`, those it refused for lack of credit (`no_credit`) or for a reason of their own (`answered`),
    and those that `failed` with another symptom.
    """
    app = send_app()
    deadline = Deadline.in_seconds(context.get_remaining_time_in_millis() / 1000, app.clock)
    # `trial` is what the release before this one puts into it.
    probe = event.get("probe", event.get("trial")) is True
    counts = Counter(accepted=0, no_credit=0, answered=0, failed=0)
    measured = BatchMetrics()

    async def process(record: SQSRecord) -> None:
        # Logs and metrics are written here, by one thread.
        message = None
        try:
            message = read_record(record.raw_event, app.lanes, probe=probe)
            result = await asyncio.get_running_loop().run_in_executor(app.pool, app.sender.process, message, deadline)
        except Exception as error:
            telemetry.log_failure(app.logger, record.message_id, error)
            measured.fail(message, app.clock())
            raise
        telemetry.log_result(app.logger, result)
        measured.take(message, result, app.clock())
        if result.met:
            counts[result.met] += 1
        if result.returns_after is not None:
            raise ComesBack

    processor = AsyncBatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    try:
        response = async_process_partial_response(event, process, processor)
    finally:
        measured.publish(app.metrics)
    return {**response, **counts} if probe else {**response}
