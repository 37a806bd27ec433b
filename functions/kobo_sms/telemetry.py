"""What operators see: structured log lines and EMF metrics, free of texts, passwords and whole numbers."""

from __future__ import annotations

import traceback
from dataclasses import asdict

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from kobo_sms import states
from kobo_sms.checking import Checked
from kobo_sms.polling import Tally
from kobo_sms.sending import Verdict

_COUNTERS = {
    states.SENT: "Accepted",
    states.REJECTED: "Rejected",
    states.HELD: "Held",
    states.QUEUED: "Retried",
    states.SENDING: "Retried",
    states.FAILED: "Failed",
    states.LAPSED: "Lapsed",
    states.UNKNOWN: "Unknown",
    "invalid": "Invalid",
    "duplicate": "Duplicates",
}
_LOUD = {states.UNKNOWN, states.FAILED, "invalid"}


def log_verdict(logger: Logger, verdict: Verdict) -> None:
    """Write one line for one queue message: the decision and its cause."""
    fields = {name: value for name, value in asdict(verdict).items() if value not in (None, "", 0, False)}
    write = logger.error if verdict.outcome in _LOUD or verdict.dead else logger.info
    write("part decided", **fields)


def log_failure(logger: Logger, message_id: str, error: BaseException) -> None:
    """Write where an unforeseen error arose; its message is left out, as it may quote what is private."""
    frames = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    # botocore's errors carry AWS's own code for what went wrong.
    code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
    logger.error("message failed", message_id=message_id, error=type(error).__name__, code=code, frames=frames)


def count_verdict(metrics: Metrics, verdict: Verdict, lane: str) -> None:
    """Count the recipients of one queue message by what became of them; an invocation is of one lane."""
    name = _COUNTERS.get(verdict.outcome)
    if name is None:
        return
    metrics.add_dimension("lane", lane)
    metrics.add_metric(name, MetricUnit.Count, max(verdict.recipients, 1))
    if verdict.waited is not None:
        metrics.add_metric("SecondsToAccept", MetricUnit.Seconds, verdict.waited)


def flush(metrics: Metrics) -> None:
    """Print what was counted; powertools warns when there is nothing to print."""
    if metrics.metric_set:
        metrics.flush_metrics()


def publish_tally(logger: Logger, metrics: Metrics, tally: Tally) -> None:
    """Write one line and the metrics of one run of the poller."""
    logger.info(
        "reports polled", parts=tally.parts, calls=tally.calls, unanswered=tally.unanswered, reached=tally.reached
    )
    metrics.add_metric("ReportCalls", MetricUnit.Count, tally.calls)
    for state, count in tally.reached.items():
        metrics.add_metric(state.title().replace("_", ""), MetricUnit.Count, count)
    # EMF takes at most 100 values of one metric.
    for seconds in tally.seconds_to_report[:100]:
        metrics.add_metric("SecondsToReport", MetricUnit.Seconds, seconds)


def publish_check(logger: Logger, metrics: Metrics, checked: Checked) -> None:
    """Write one line and the metrics of one run of check_credit."""
    outlook = checked.forecast
    balance = None if checked.balance is None else str(checked.balance)
    write = logger.error if checked.balance is None else logger.info
    write("credit checked", answer=checked.answer, balance=balance, closed=checked.closed, alerts=list(checked.alerts))
    if checked.balance is None:
        metrics.add_metric("BalanceUnanswered", MetricUnit.Count, 1)
    else:
        metrics.add_metric("Balance", MetricUnit.NoUnit, float(checked.balance))
    metrics.add_metric("LanesClosed", MetricUnit.Count, len(checked.closed))
    if outlook.rate is not None:
        metrics.add_metric("CreditUsedPerHour", MetricUnit.NoUnit, float(outlook.rate))
