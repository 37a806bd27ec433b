"""The evaluator itself, by CloudWatch's rules; and what the alarms of the template make of what AWS tells."""

from __future__ import annotations

from typing import Any

import pytest

from tests.alarms.alarm import ALARM, INSUFFICIENT, OK, TEMPLATE, Alarm, alarms
from tests.alarms.emf import Datapoint, read_datapoints

NOW = 1_800_000_000.0
METRIC = ("KoboSms", "Held", frozenset({("service", "kobo")}))


def alarm(**properties: Any) -> Alarm:
    usual = {
        "Namespace": "KoboSms",
        "MetricName": "Held",
        "Dimensions": [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 3,
        "Threshold": 5,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    return Alarm("any", usual | properties)


def told(*values: float | None) -> list[Datapoint]:
    """Values of so many minutes, the newest last; None for none."""
    ago = range(len(values) - 1, -1, -1)
    pairs = zip(ago, values, strict=True)
    return [Datapoint(METRIC, NOW - minutes * 60 - 30, value) for minutes, value in pairs if value is not None]


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ((6, 6, 6), ALARM),
        ((5, 6, 6), OK),
        ((6, None, 6), OK),
        ((None, None, None), OK),
        ((9, 6, 6, 6), ALARM),
        ((6, 6, 6, 0), OK),
    ],
)
def test_all_periods_must_breach(values: tuple[float | None, ...], state: str) -> None:
    assert alarm().evaluate(told(*values), NOW) == state


@pytest.mark.parametrize(("values", "state"), [((None, 6, None), ALARM), ((5, 5, 5), OK), ((6, None, None, None), OK)])
def test_one_of_several_periods_may_be_enough(values: tuple[float | None, ...], state: str) -> None:
    assert alarm(DatapointsToAlarm=1).evaluate(told(*values), NOW) == state


@pytest.mark.parametrize(("treated", "state"), [("notBreaching", OK), ("breaching", ALARM), ("missing", INSUFFICIENT)])
def test_what_is_missing(treated: str, state: str) -> None:
    assert alarm(TreatMissingData=treated).evaluate([], NOW) == state


@pytest.mark.parametrize(
    ("statistic", "value"), [("Sum", 111), ("Maximum", 100), ("Minimum", 1), ("Average", 37), ("SampleCount", 3)]
)
def test_statistics_of_what_a_period_holds(statistic: str, value: float) -> None:
    points = [Datapoint(METRIC, NOW - 10, each) for each in (1, 10, 100)]
    held = alarm(Statistic=statistic, EvaluationPeriods=1, ComparisonOperator="GreaterThanOrEqualToThreshold")
    for threshold, state in ((value, ALARM), (value + 1, OK)):
        one = Alarm("any", {**held.properties, "Threshold": threshold})
        assert one.evaluate(points, NOW) == state


@pytest.mark.parametrize(("late", "state"), [(5, OK), (6, ALARM)])
def test_a_percentile_is_passed_by_what_lies_above_it(late: int, state: str) -> None:
    points = [Datapoint(METRIC, NOW - 10, 100.0 if at < late else 1.0) for at in range(100)]
    properties = {**alarm(EvaluationPeriods=1, ExtendedStatistic="p95").properties}
    del properties["Statistic"]
    assert Alarm("any", properties).evaluate(points, NOW) == state


@pytest.mark.parametrize(
    "metric",
    [
        ("KoboSms", "Held", frozenset({("service", "other")})),
        ("KoboSms", "Held", frozenset({("service", "kobo"), ("lane", "bulk")})),
        ("KoboSms", "Held", frozenset[tuple[str, str]]()),
        ("KoboSms", "Hold", frozenset({("service", "kobo")})),
        ("Kobo", "Held", frozenset({("service", "kobo")})),
    ],
)
def test_another_metric_is_another_metric(metric: Any) -> None:
    points = [Datapoint(metric, NOW - at * 60 - 30, 9) for at in range(3)]
    assert alarm().evaluate(points, NOW) == OK


def test_a_document_says_its_values_for_each_set_of_dimensions() -> None:
    line = (
        '{"_aws":{"Timestamp":1800000000500,"CloudWatchMetrics":[{"Namespace":"KoboSms","Dimensions":[["service"],'
        '["service","lane"]],"Metrics":[{"Name":"Held","Unit":"Count"}]}]},"service":"kobo","lane":"bulk","Held":[1,2]}'
    )
    both = {("service", "kobo"), ("lane", "bulk")}
    assert read_datapoints(f'START\n{line}\n{{"level":"INFO"}}\n') == [
        Datapoint(("KoboSms", "Held", frozenset(dimensions)), 1_800_000_000.5, value)
        for dimensions in ({("service", "kobo")}, both)
        for value in (1, 2)
    ]


# --- Alarms on what AWS tells by itself ---------------------------------------------------------------------------

# Namespace and metric, with the one dimension, as AWS documents them: "Available CloudWatch metrics for Amazon SQS",
# "Types of metrics for Lambda functions".
OF_AWS = {
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): "QueueName",
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): "QueueName",
    ("AWS/Lambda", "Errors"): "FunctionName",
    ("AWS/Lambda", "Throttles"): "FunctionName",
    ("AWS/Lambda", "IteratorAge"): "FunctionName",
    ("AWS/Lambda", "Invocations"): "FunctionName",
}
ALARMS = alarms()
# Lambda counts nothing where nothing runs: before the first run there is nothing to tell it from the last.
SILENT = {"ReportSilentAlarm": "PollReports", "CampaignSilentAlarm": "QueueCampaign"}


def test_what_the_functions_do_not_tell_is_told_by_aws() -> None:
    for name, each in ALARMS.items():
        namespace, metric, dimensions = each.metric
        if namespace != "KoboSms":
            assert [dimension for dimension, _ in dimensions] == [OF_AWS[namespace, metric]], name


@pytest.mark.parametrize("name", [name for name in ALARMS if name not in SILENT])
def test_nothing_rings_at_creation(name: str) -> None:
    assert ALARMS[name].evaluate([], NOW) == OK


@pytest.mark.parametrize("name", ALARMS)
def test_each_tells_the_topic_that_it_began_and_ended(name: str) -> None:
    assert ALARMS[name].properties["AlarmActions"] == [{"Ref": "Alerts"}]
    assert ALARMS[name].properties["OKActions"] == [{"Ref": "Alerts"}]
    # What stands in the e-mail.
    assert len(ALARMS[name].properties["AlarmDescription"]) > 40


@pytest.mark.parametrize("name", ["SendErrorsAlarm", "FailedRecordsAlarm"])
@pytest.mark.parametrize("every", [90, 180])
def test_a_message_that_fails_whenever_it_comes_back_rings_within_a_quarter_of_an_hour(name: str, every: int) -> None:
    """It comes back after its queue's VisibilityTimeout; a shorter period would hold no failure now and then."""
    each = ALARMS[name]
    failures = [Datapoint(each.metric, NOW - at, 1) for at in range(0, 1200, every)]
    assert each.evaluate(failures, NOW + 1) == ALARM
    assert each.periods * each.period <= 900
    assert each.evaluate(failures[:1], NOW + 1) == OK


@pytest.mark.parametrize("name", ["PriorityUnsentAlarm", "BulkUnsentAlarm"])
def test_what_is_put_off_for_a_quarter_of_an_hour_each_time_rings_all_the_time(name: str) -> None:
    each = ALARMS[name]
    told = [Datapoint(each.metric, NOW - at, each.threshold + 1) for at in range(0, 7200, 900)]
    assert {each.evaluate(told, NOW + after) for after in range(1, 900, 60)} == {ALARM}


def test_a_backlog_is_seen_whichever_shard_a_check_looks_at() -> None:
    """Eight shards, one a minute: each period holds all of them."""
    each = ALARMS["ReportBacklogAlarm"]
    for shard in range(8):
        told = [Datapoint(each.metric, NOW - at * 60, 1801.0 if at % 8 == shard else 0.0) for at in range(30)]
        assert each.evaluate(told, NOW + 1) == ALARM


@pytest.mark.parametrize("name", SILENT)
def test_a_schedule_that_falls_silent_is_told_after_an_hour_and_one_run_ends_that(name: str) -> None:
    each = ALARMS[name]
    assert each.evaluate([], NOW) == ALARM
    for ago, state in ((60, OK), (3500, OK), (3700, ALARM)):
        assert each.evaluate([Datapoint(each.metric, NOW - ago, 1)], NOW) == state
    every_minute = [Datapoint(each.metric, NOW - at * 60, 1) for at in range(60)]
    assert each.evaluate(every_minute, NOW + 1) == OK


def test_of_all_that_run_on_a_schedule_nobody_is_missed_by_nobody() -> None:
    """check_credit is missed by poll_reports, the others by AWS itself: that all are silent is told."""
    events = {
        name: each["Properties"].get("Events", {}).values()
        for name, each in TEMPLATE["Resources"].items()
        if each["Type"] == "AWS::Serverless::Function"
    }
    scheduled = {name for name, of in events.items() if any(event["Type"] == "ScheduleV2" for event in of)}
    watched = {name for alarm in SILENT for _, name in ALARMS[alarm].metric[2]}
    assert scheduled == {*watched, "CheckCredit"}
    assert watched == set(SILENT.values())
    assert ALARMS["CreditSilentAlarm"].metric[1] == "SecondsSinceCheck"
