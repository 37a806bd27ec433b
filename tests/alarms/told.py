"""Every metric that the functions can tell, by having them told: one of each outcome, end and finding."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from decimal import Decimal

import pytest
from aws_lambda_powertools import Logger, Metrics

from kobo_sms import telemetry
from kobo_sms.aws.queues import Message
from kobo_sms.batch_metrics import BY_LANE, TOGETHER, BatchMetrics
from kobo_sms.campaigns.result import QueueingResult
from kobo_sms.credit.check import Checked
from kobo_sms.credit.forecast import Forecast
from kobo_sms.events.published import Published
from kobo_sms.kobomobile.report_codes import REASONS
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.messages.states import FROM_A_REPORT, State
from kobo_sms.reports.counts import MOST_SENDERS, PutOff, Tally
from kobo_sms.reports.rounds import Ended
from kobo_sms.reports.schedule import NETWORKS
from kobo_sms.sending.result import SendResult
from tests.alarms.emf import Metric, read_datapoints

NOW, STACK = 1_800_000_000.0, "kobo"


def metrics_told(monkeypatch: pytest.MonkeyPatch) -> set[Metric]:
    """Return all of them, as of a stack called `kobo`."""
    return {point.metric for point in read_datapoints(all_told(monkeypatch))}


def all_told(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what the functions print of an hour in which everything happens."""
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "KoboSms")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", STACK)
    printed, logger = io.StringIO(), Logger(stream=io.StringIO())
    tell: list[Callable[[Metrics], None]] = [
        *(lambda metrics, lane=lane: _send(metrics, lane) for lane in LANES),
        lambda metrics: _check(logger, metrics),
        lambda metrics: _poll(logger, metrics),
        lambda metrics: _publish(logger, metrics),
        lambda metrics: _queue(logger, metrics),
    ]
    with contextlib.redirect_stdout(printed):
        for each in tell:
            metrics = Metrics()
            each(metrics)
            telemetry.flush(metrics)
            metrics.clear_metrics()
    return printed.getvalue()


def _send(metrics: Metrics, lane: Lane) -> None:
    message = Message("m1", "r1", "{}", {}, NOW - 5, lane)
    batch = BatchMetrics()
    for outcome in (*BY_LANE, *TOGETHER):
        batch.take(message, SendResult(outcome, waited=1.0, dead=True, opted_out=1), NOW)
    batch.fail(message, NOW)
    batch.publish(metrics)


def _check(logger: Logger, metrics: Metrics) -> None:
    known, closed = Forecast(Decimal(1), None), {Lane.BULK: "quiet_hours"}
    telemetry.publish_check(logger, metrics, Checked("balance", Decimal(5), closed, known, (), (Lane.BULK,)))
    telemetry.publish_check(logger, metrics, Checked("error_gw", None, {}, Forecast(None, None), ()))
    telemetry.count_backlog(logger, metrics, lambda: 1.0)


def _poll(logger: Logger, metrics: Metrics) -> None:
    tally = Tally(calls=9, unanswered=1, faulty=[PutOff(("order-1", "0"), KeyError("at"), 1, 0.0)])
    tally.take(
        Ended(state, reason, network, f"Shop{at}", 1.0, 2.0)
        for at in range(2 * MOST_SENDERS)
        for state in (*FROM_A_REPORT, State.UNKNOWN)
        for reason in REASONS
        for network in NETWORKS
    )
    telemetry.count_silence(logger, metrics, lambda: 0.0, lambda: 3600.0)
    telemetry.publish_tally(logger, metrics, tally)


def _publish(logger: Logger, metrics: Metrics) -> None:
    telemetry.publish_published(logger, metrics, Published(["1"], events=1, unpublishable=1))


def _queue(logger: Logger, metrics: Metrics) -> None:
    result = QueueingResult(requests=1, recipients=1, refused=1, faulty={"sale": ValueError()})
    telemetry.publish_queueing(logger, metrics, result)
