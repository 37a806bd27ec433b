"""What operators see: structured log lines and EMF metrics, free of texts, passwords and whole numbers."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from kobo_sms.errors import KoboSmsError, UnreadableBalance
from kobo_sms.messages.states import State

if TYPE_CHECKING:
    # Only one of these is there at run time: a function imports what it is made of, and nothing of the others.
    from kobo_sms.campaigns.result import QueueingResult
    from kobo_sms.credit.check import Checked
    from kobo_sms.events.published import Published
    from kobo_sms.reports.counts import End, Tally
    from kobo_sms.sending.result import SendResult

_LOUD = {State.UNKNOWN, State.FAILED, "invalid"}


def log_result(logger: Logger, result: SendResult) -> None:
    """Write one line for one queue message: the decision and its cause."""
    fields = {name: value for name, value in vars(result).items() if value not in (None, "", 0, False)}
    write = logger.error if result.outcome in _LOUD or result.dead else logger.info
    write("part decided", **fields)


def log_failure(logger: Logger, message_id: str, error: BaseException) -> None:
    """Write where an unforeseen error arose; its message is left out, as it may quote what is private."""
    logger.error("message failed", message_id=message_id, **_described(error))


def _described(error: BaseException) -> dict[str, Any]:
    frames = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    # botocore's errors carry AWS's own code for what went wrong; those of its connections have no response.
    code = (getattr(error, "response", None) or {}).get("Error", {}).get("Code", "")
    return {"error": type(error).__name__, "code": code, "frames": frames}


def flush(metrics: Metrics) -> None:
    """Print what was counted; powertools warns when there is nothing to print."""
    if metrics.metric_set:
        metrics.flush_metrics()


def log_fan_out(logger: Logger, missing: list[int]) -> None:
    """Write which shards' invocations could not be started; others work their parts off, later."""
    if missing:
        logger.error("shards not started", shards=missing)


def publish_tally(logger: Logger, metrics: Metrics, tally: Tally) -> None:
    """Write one line and the metrics of one run of the poller, and a line for each item that it could not work with.

    CloudWatch bills each metric with each value of its dimensions: networks are a closed set. Sender IDs are the
    producers' choice, without end, so no metric has them. Which reason, how fast on which network, from which sender:
    that is in the log line and in the counters of `kobo stats`.
    """
    ends = tally.counts.ends
    reached: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for end, count in ends.items():
        reached[end.state] += count
        reasons[end.reason] += count
    logger.info(
        "reports polled",
        parts=tally.parts,
        calls=tally.calls,
        unanswered=tally.unanswered,
        put_off=tally.put_off,
        fault=tally.fault,
        stopped=tally.stopped,
        reached=dict(reached),
        reasons={reason: count for reason, count in reasons.items() if reason},
    )
    _log_broken_items(logger, tally)
    # Its alarm goes by the last hours that have a value.
    metrics.add_metric("PartsPutOff", MetricUnit.Count, tally.put_off)
    counts = {"ReportCalls": tally.calls, "ReportsUnanswered": tally.unanswered}
    _count(metrics, counts | {_named(state): count for state, count in reached.items()})
    for value in chain.from_iterable(tally.seconds_to_report.values()):
        # EMF takes at most 100 values of one metric; powertools prints a document for each hundred.
        metrics.add_metric("SecondsToReport", MetricUnit.Seconds, value)
    _publish_by(metrics, "network", Counter((end.network, _arrived(end)) for end in ends.elements()))
    flush(metrics)
    metrics.clear_metrics()


def _count(metrics: Metrics, counts: Mapping[str, int]) -> None:
    """Count what there is anything of: an hour without a value costs nothing."""
    for name, count in counts.items():
        if count:
            metrics.add_metric(name, MetricUnit.Count, count)


def _log_broken_items(logger: Logger, tally: Tally) -> None:
    for each in tally.faulty:
        (request_id, part), why = each.key, _described(each.error)
        logger.error("part put off", request_id=request_id, part=part, times=each.times, again_at=each.until, **why)
    for item, error in tally.unreadable.items():
        logger.error("item unreadable", item=item, **_described(error))


def _arrived(end: End) -> str:
    return "Delivered" if end.state == State.DELIVERED else "NotDelivered"


def _publish_by(metrics: Metrics, dimension: str, counts: Mapping[tuple[str, str], int]) -> None:
    """Print documents of their own for the values of one dimension: counts by value and metric."""
    for value in sorted({value for value, _ in counts}):
        _begin_document(metrics, dimension, value)
        for (of, name), count in counts.items():
            if of == value:
                metrics.add_metric(name, MetricUnit.Count, count)


def _begin_document(metrics: Metrics, dimension: str, value: str) -> None:
    flush(metrics)
    # powertools keeps the dimensions of a document that it has printed by itself.
    metrics.clear_metrics()
    metrics.add_dimension(dimension, value)


def _named(state: str) -> str:
    return state.title().replace("_", "")


def publish_check(logger: Logger, metrics: Metrics, checked: Checked) -> None:
    """Write one line and the metrics of one run of check_credit."""
    outlook = checked.forecast
    balance = None if checked.balance is None else str(checked.balance)
    write = logger.error if checked.balance is None else logger.info
    write("credit checked", answer=checked.answer, balance=balance, closed=checked.closed, alerts=list(checked.alerts))
    # A check that reads it counts too, as nought: the alarm is for when none does.
    metrics.add_metric("BalanceUnread", MetricUnit.Count, int(checked.balance is None))
    if checked.balance is not None:
        metrics.add_metric("Balance", MetricUnit.NoUnit, float(checked.balance))
    # Apart, as a lane that rests each night is nothing to ring an alarm for.
    metrics.add_metric("LanesClosed", MetricUnit.Count, len(checked.closed) - len(checked.resting))
    _count(metrics, {"LanesResting": len(checked.resting)})
    if outlook.rate is not None:
        metrics.add_metric("CreditUsedPerHour", MetricUnit.NoUnit, float(outlook.rate))


def count_failed_check(metrics: Metrics, error: Exception) -> None:
    """Count a check that failed as nobody could read the balance; what else fails is an error of the function alone."""
    if isinstance(error, UnreadableBalance):
        metrics.add_metric("BalanceUnread", MetricUnit.Count, 1)


def count_backlog(logger: Logger, metrics: Metrics, seconds_overdue: Callable[[], float]) -> None:
    """Measure how late the asking for reports is; what is done besides is worth more than to fail for that."""
    try:
        metrics.add_metric("SecondsOverdue", MetricUnit.Seconds, seconds_overdue())
    except Exception as error:  # noqa: BLE001 - logged
        logger.error("backlog not measured", **_described(error))


# A check a minute is usual. What is shorter is not worth the price of a metric.
_NOTEWORTHY_SILENCE = 600.0


def count_silence(
    logger: Logger, metrics: Metrics, checked_at: Callable[[], float | None], clock: Callable[[], float]
) -> None:
    """Measure how long ago check_credit has run (epoch seconds; None: never), which cannot tell itself that it does
    not."""
    try:
        last, now = checked_at(), clock()
    except Exception as error:  # noqa: BLE001 - logged
        logger.error("silence not measured", **_described(error))
        return
    if last is not None and now - last >= _NOTEWORTHY_SILENCE:
        metrics.add_metric("SecondsSinceCheck", MetricUnit.Seconds, now - last)


def publish_published(logger: Logger, metrics: Metrics, done: Published) -> None:
    """Write one line and the metrics of one batch of publish_status."""
    left = len(done.sequences) - done.stopped if done.stopped is not None else 0
    why = _described(done.error) if done.error is not None else {}
    write = logger.error if left or done.unpublishable else logger.info
    write("status published", events=done.events, unpublishable=done.unpublishable, left=left, **why)
    _count(metrics, {"EventsPublished": done.events, "EventsUnpublishable": done.unpublishable})


def publish_queueing(logger: Logger, metrics: Metrics, result: QueueingResult) -> None:
    """Write one line and the metrics of one run of queue_campaign, and a line for each campaign that it put off."""
    if result.requests or result.finished or result.failure:
        logger.info(
            "campaigns queued", requests=result.requests, recipients=result.recipients, finished=result.finished
        )
    for campaign, error in result.faulty.items():
        why = str(error) if isinstance(error, KoboSmsError) else ""
        logger.error("campaign put off", campaign=campaign, why=why, **_described(error))
    if result.refused:
        logger.error("requests refused", recipients=result.refused)
    counts = {"Queued": result.recipients, "Unqueueable": result.refused, "CampaignsPutOff": len(result.faulty)}
    _count(metrics, counts)
