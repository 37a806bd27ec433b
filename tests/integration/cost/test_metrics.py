"""Each metric that the functions publish is in the table that `kobo cost` reckons with, and each that alarms go by."""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from kobo_cli.cost.metrics import SERIES, most_metrics
from kobo_sms import batch_metrics, telemetry
from tests.alarms.told import all_told
from tests.integration.template import Template


@pytest.fixture
def everything(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The documents of an hour in which everything happens."""
    return [json.loads(line) for line in all_told(monkeypatch).splitlines() if '"_aws"' in line]


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
    """What nobody makes happen is found by its name: metrics are the only capitalised words of these modules."""
    modules = [ast.parse(Path(str(module.__file__)).read_text()) for module in (telemetry, batch_metrics)]
    nodes = [node for code in modules for node in ast.walk(code)]
    words = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    named = {word for word in words if re.fullmatch(r"(?:[A-Z][a-z]+)+", word)}
    # Keys of botocore's errors.
    assert named - {name for name, _ in known()} == {"Error", "Code"}


def test_alarms_go_by_metrics_that_are_published() -> None:
    alarms = [each for each in Template({}, {}).of_type("AWS::CloudWatch::Alarm") if each.get("Namespace") == "KoboSms"]
    assert alarms
    for alarm in alarms:
        own = [each["Name"] for each in alarm["Dimensions"] if each["Name"] != "service"]
        assert (alarm["MetricName"], own[0] if own else None) in known()
