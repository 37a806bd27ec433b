"""Lambda: reads the balance on a schedule, keeps it and publishes it."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from kobo_sms import telemetry
from kobo_sms.composition import credit_app

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:
    """Read credit/ once; the answer says what was found.

    Raises
    ------
    UnreadableBalance
        which fails the invocation: a balance that nobody can read must not pass for one.
    """
    app = credit_app()
    answer = app.client.credit()
    try:
        if isinstance(answer, Decimal):
            app.store.record_balance(answer, now=time.time())
            app.metrics.add_metric("Balance", MetricUnit.NoUnit, float(answer))
            app.logger.info("balance read", balance=str(answer))
            return {"balance": str(answer)}
        app.metrics.add_metric("BalanceUnanswered", MetricUnit.Count, 1)
        app.logger.error("balance not read", answer=answer.label)
        return {"answer": answer.label}
    finally:
        telemetry.flush(app.metrics)
