"""The dashboard of template.yaml: it shows what the functions tell, all alarms, and fits on CloudWatch's grid."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest

from tests.alarms.alarm import TEMPLATE, alarms
from tests.alarms.told import STACK, metrics_told

RESOURCES: dict[str, Any] = TEMPLATE["Resources"]


def _value(name: str) -> str:
    known = {"AWS::Region": "eu-west-1", "AWS::StackName": STACK, "LowCredit": "5000", "CriticalCredit": "1000"}
    if name in known:
        return known[name]
    resource, _, attribute = name.partition(".")
    assert resource in RESOURCES, name
    assert attribute in ("", "Arn", "QueueName"), name
    return name


BODY: str = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
WIDGETS: list[dict[str, Any]] = json.loads(re.sub(r"\$\{([^}]+)\}", lambda found: _value(found[1]), BODY))["widgets"]
METRICS = [(widget, row) for widget in WIDGETS for row in widget["properties"].get("metrics", []) if len(row) > 1]


def test_each_metric_of_ours_is_told_with_these_dimensions(monkeypatch: pytest.MonkeyPatch) -> None:
    told = metrics_told(monkeypatch)
    for _, (namespace, name, *rest) in METRICS:
        pairs = [each for each in rest if isinstance(each, str)]
        dimensions = frozenset(zip(pairs[::2], pairs[1::2], strict=True))
        if namespace == "KoboSms":
            assert (namespace, name, dimensions) in told
        else:
            # Of a queue of this stack.
            assert (namespace, name) == ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
            ((dimension, queue),) = dimensions
            assert dimension == "QueueName"
            assert RESOURCES[queue.removesuffix(".QueueName")]["Type"] == "AWS::SQS::Queue"


def test_it_shows_the_state_of_each_alarm() -> None:
    (shown,) = [widget["properties"]["alarms"] for widget in WIDGETS if widget["type"] == "alarm"]
    assert shown == [f"{name}.Arn" for name in alarms()]


def test_each_row_has_a_statistic_and_each_expression_what_it_is_made_of() -> None:
    for widget in WIDGETS:
        properties = widget["properties"]
        if widget["type"] != "metric":
            continue
        options = [row[-1] for row in properties["metrics"]]
        ids = {each.get("id") for each in options}
        for each in options:
            made_of = re.findall(r"\b[a-z]\w*\b", each.get("expression", ""))
            assert set(made_of) <= ids
            assert "expression" in each or "stat" in each or "stat" in properties
            assert each["label"]


def test_no_two_widgets_overlap_and_all_fit_side_by_side() -> None:
    places = [(each["x"], each["y"], each["width"], each["height"]) for each in WIDGETS]
    assert all(x + width <= 24 for x, _, width, _ in places)
    for one, other in itertools.combinations(places, 2):
        apart_x = one[0] + one[2] <= other[0] or other[0] + other[2] <= one[0]
        apart_y = one[1] + one[3] <= other[1] or other[1] + other[3] <= one[1]
        assert apart_x or apart_y


def test_it_is_one_of_the_dashboards_that_cost_nothing() -> None:
    """CloudWatch: up to 50 metrics each, three dashboards of an account."""
    assert len({json.dumps(row[:-1]) for _, row in METRICS}) <= 50


def test_what_is_asked_of_the_log_is_what_a_function_logs() -> None:
    (query,) = [widget["properties"]["query"] for widget in WIDGETS if widget["type"] == "log"]
    assert query.startswith("SOURCE 'SendSmsLogs' | filter message = 'part decided' and ispresent(answer)")
