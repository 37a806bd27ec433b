"""Lambda: checks the credit on a schedule and when send_sms asks for it, sets the valve and raises alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kobo_sms import telemetry
from kobo_sms.composition.credit import credit_app
from kobo_sms.runtime import Deadline

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Make one check; the answer says what was found.

    Raises
    ------
    UnreadableBalance
        which fails the invocation: a balance that nobody can read must not pass for one.
    """
    app = credit_app()
    deadline = Deadline.in_seconds(context.get_remaining_time_in_millis() / 1000, app.clock)
    try:
        checked = app.checker.check(deadline)
        telemetry.publish_check(app.logger, app.metrics, checked)
    except Exception as error:
        telemetry.count_failed_check(app.metrics, error)
        raise
    finally:
        telemetry.count_backlog(app.logger, app.metrics, app.backlog.seconds_overdue)
        telemetry.flush(app.metrics)
    return {"answer": checked.answer, "closed": checked.closed, "alerts": list(checked.alerts)}
