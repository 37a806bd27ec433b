"""Each metric that the functions publish is in the table that `kobo cost` reckons with, and each that alarms go by."""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools import Logger, Metrics

from kobo_cli.cost.metrics import SERIES, most_metrics
from kobo_sms import telemetry
from kobo_sms.campaigns.result import QueueingResult
from kobo_sms.credit.check import Checked
from kobo_sms.credit.forecast import Forecast
from kobo_sms.events.published import Published
from kobo_sms.kobomobile.report_codes import REASONS
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.states import State
from kobo_sms.reports.counts import MOST_SENDERS
from kobo_sms.reports.networks import ALL
from kobo_sms.reports.rounds import Ended
from kobo_sms.reports.tally import PutOff, Tally
from kobo_sms.sending.result import SendResult
from tests.integration.template import Template

OUTCOMES = [*State, "invalid", "duplicate", "split", "busy", "postponed", "held back"]
REPORTED = (State.DELIVERED, State.UNDELIVERED, State.DO_NOT_DISTURB, State.EXPIRED, State.UNKNOWN)


@pytest.fixture
def everything(output: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The documents of an hour in which everything happens."""
    logger, metrics = Logger(service="kobo"), Metrics(namespace="KoboSms", service="kobo")
    for lane in Lane:
        for outcome in OUTCOMES:
            telemetry.count_result(metrics, SendResult(outcome, recipients=2, waited=1.0, opted_out=1), lane)
        telemetry.flush(metrics)
        # Each function, and so each lane's invocation, has its own.
        metrics.clear_metrics()
    tally = Tally(calls=9, unanswered=1, faulty=[PutOff(("order-1", "0"), KeyError("at"), 1, 0.0)])
    ends = [
        Ended(state, reason, network, f"Shop{at}", 1.0, 2.0)
        for at in range(2 * MOST_SENDERS)
        for state in REPORTED
        for reason in REASONS
        for network in ALL
    ]
    tally.take(ends)
    telemetry.publish_tally(logger, metrics, tally)
    known, unknown = Forecast(Decimal(1), None), Forecast(None, None)
    telemetry.publish_check(logger, metrics, Checked("balance", Decimal(5), {Lane.BULK: "x"}, known, (), (Lane.BULK,)))
    telemetry.publish_check(logger, metrics, Checked("error_gw", None, {}, unknown, ()))
    telemetry.publish_published(logger, metrics, Published(["1"], events=1, unpublishable=1))
    queueing = QueueingResult(requests=1, recipients=1, refused=1, faulty={"friday": KeyError("at")})
    telemetry.publish_queueing(logger, metrics, queueing)
    telemetry.flush(metrics)
    return [json.loads(line) for line in output.readouterr().out.splitlines() if '"_aws"' in line]


def published(documents: list[dict[str, Any]]) -> dict[tuple[str, str | None], set[str]]:
    """Return the values of each metric's dimension; a metric without one has the value of nothing."""
    found: defaultdict[tuple[str, str | None], set[str]] = defaultdict(set)
    for document in documents:
        (directive,) = document["_aws"]["CloudWatchMetrics"]
        (dimensions,) = directive["Dimensions"]
        own = [name for name in dimensions if name != "service"]
        assert len(own) <= 1
        dimension = own[0] if own else None
        for metric in directive["Metrics"]:
            found[metric["Name"], dimension].add(document[dimension] if dimension else "")
    return dict(found)


def known() -> dict[tuple[str, str | None], int]:
    return {(name, each.dimension): each.values for each in SERIES for name in (*each.usual, *each.seldom)}


def test_all_that_is_published_is_reckoned_with(everything: list[dict[str, Any]]) -> None:
    found = published(everything)
    assert {key: len(values) for key, values in found.items()} == known()
    assert sum(map(len, found.values())) == most_metrics()


def test_no_metric_has_a_name_that_is_not_known() -> None:
    """What nobody makes happen above is found by its name: metrics are the only capitalised words of this module."""
    code = ast.parse(Path(telemetry.__file__).read_text())
    words = {node.value for node in ast.walk(code) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    named = {word for word in words if re.fullmatch(r"(?:[A-Z][a-z]+)+", word)}
    # Keys of botocore's errors.
    assert named - {name for name, _ in known()} == {"Error", "Code"}


def test_alarms_go_by_metrics_that_are_published() -> None:
    alarms = [each for each in Template({}, {}).of_type("AWS::CloudWatch::Alarm") if each.get("Namespace") == "KoboSms"]
    assert alarms
    for alarm in alarms:
        own = [each["Name"] for each in alarm["Dimensions"] if each["Name"] != "service"]
        assert (alarm["MetricName"], own[0] if own else None) in known()
