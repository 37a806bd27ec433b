"""Lambda: sends what the event source mappings of the two queues bring."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from kobo_sms import telemetry
from kobo_sms.aws.queues import read_record
from kobo_sms.batch_metrics import BatchMetrics
from kobo_sms.composition.send import SendApp, send_app
from kobo_sms.runtime import Deadline

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from kobo_sms.aws.queues import Message
    from kobo_sms.sending.result import SendResult


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
    batch = Batch(app)
    try:
        messages = batch.read(event["Records"], probe=probe)
        for processed in app.sender.process(messages, deadline, app.crew):
            batch.take(processed.message, processed.result)
    finally:
        batch.measured.publish(app.metrics)
    response = {"batchItemFailures": [{"itemIdentifier": each} for each in batch.staying]}
    return {**response, **batch.met} if probe else response


class Batch:
    """What is told of the records of one event; `staying` names the messages that stay on the queue."""

    def __init__(self, app: SendApp) -> None:
        self.staying: list[str] = []
        self.met = Counter(accepted=0, no_credit=0, answered=0, failed=0)
        self.measured = BatchMetrics()
        self._app = app

    def read(self, records: list[dict[str, Any]], *, probe: bool) -> list[Message]:
        """Return the messages in records; one that cannot be read stays on the queue."""
        messages = []
        for record in records:
            try:
                messages.append(read_record(record, self._app.lanes, probe=probe))
            except Exception as error:  # noqa: BLE001 - logged, and the record comes back
                self._fail(record["messageId"], None, error)
        return messages

    def take(self, message: Message, result: SendResult | Exception) -> None:
        """Tell what became of a message."""
        if isinstance(result, Exception):
            self._fail(message.message_id, message, result)
            return
        telemetry.log_result(self._app.logger, result)
        self.measured.take(message, result, self._app.clock())
        if result.met:
            self.met[result.met] += 1
        if result.returns_after is not None:
            self.staying.append(message.message_id)

    def _fail(self, message_id: str, message: Message | None, error: Exception) -> None:
        telemetry.log_failure(self._app.logger, message_id, error)
        self.measured.fail(message, self._app.clock())
        self.staying.append(message_id)
