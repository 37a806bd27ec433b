"""Metrics as CloudWatch takes them from what a function prints ("Embedded metric format" in its user guide)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# A metric is its namespace, its name and its dimensions: what lacks one of them, or has one more, is another metric.
Metric = tuple[str, str, frozenset[tuple[str, str]]]


@dataclass(frozen=True)
class Datapoint:
    """One value of a metric, at a moment in epoch seconds."""

    metric: Metric
    at: float
    value: float


def read_datapoints(printed: str) -> list[Datapoint]:
    """Return the values in what functions have printed; lines that are no such documents are passed over."""
    documents = (json.loads(line) for line in printed.splitlines() if line.startswith("{") and '"_aws"' in line)
    return [point for document in documents for point in _of_document(document)]


def _of_document(document: dict[str, Any]) -> Iterator[Datapoint]:
    at = document["_aws"]["Timestamp"] / 1000
    for directive in document["_aws"]["CloudWatchMetrics"]:
        # The specification: at most 100 metrics a document, 30 dimensions a set, 100 values a metric.
        assert len(directive["Metrics"]) <= 100
        for names in directive["Dimensions"]:
            assert len(names) <= 30
            dimensions = frozenset((name, document[name]) for name in names)
            for each in directive["Metrics"]:
                found = document[each["Name"]]
                values = found if isinstance(found, list) else [found]
                assert 0 < len(values) <= 100
                for value in values:
                    yield Datapoint((directive["Namespace"], each["Name"], dimensions), at, float(value))
