"""Lambda: sends what the event source mappings of the two queues bring."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import AsyncBatchProcessor, EventType, async_process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from kobo_sms import telemetry
from kobo_sms.composition import send_app
from kobo_sms.queues import Message

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext


class ComesBack(Exception):
    """No error, but the partial batch response's way to say that a message stays on the queue."""


def handle(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Process a batch; the answer names the messages that stay on the queue."""
    app = send_app()
    deadline = time.time() + context.get_remaining_time_in_millis() / 1000

    async def process(record: SQSRecord) -> None:
        # Logs and metrics are written here, by one thread.
        try:
            message = _read(record, app.lanes)
            verdict = await asyncio.get_running_loop().run_in_executor(app.pool, app.sender.process, message, deadline)
        except Exception as error:
            telemetry.log_failure(app.logger, record.message_id, error)
            raise
        telemetry.log_verdict(app.logger, verdict)
        telemetry.count_verdict(app.metrics, verdict, "priority" if message.lane == app.priority_url else "bulk")
        if verdict.returns_after is not None:
            raise ComesBack

    processor = AsyncBatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    try:
        return async_process_partial_response(event, process, processor)
    finally:
        telemetry.flush(app.metrics)


def _read(record: SQSRecord, lanes: dict[str, str]) -> Message:
    texts = {name: each.string_value for name, each in record.message_attributes.items()}
    return Message(
        message_id=record.message_id,
        receipt_handle=record.receipt_handle,
        body=record.body,
        attributes={name: text for name, text in texts.items() if text is not None},
        sent_at=float(record.attributes.sent_timestamp) / 1000,
        lane=lanes[record.event_source_arn.rsplit(":", 1)[-1]],
        receives=int(record.attributes.approximate_receive_count),
    )
