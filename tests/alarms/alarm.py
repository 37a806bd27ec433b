"""A metric alarm of template.yaml, evaluated as CloudWatch does it ("Alarm evaluation" and "Configuring how CloudWatch
alarms treat missing data" in its user guide)."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws.template.source import load
from tests.alarms.emf import Datapoint, Metric

OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"
TEMPLATE: dict[str, Any] = load(Path(__file__).parents[2] / "template.yaml")
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "Sum": math.fsum,
    "Maximum": max,
    "Minimum": min,
    "Average": lambda values: math.fsum(values) / len(values),
    "SampleCount": len,
}
# What a property of a template may be; a new one would change what an alarm means without being looked at here.
_KNOWN = {
    "AlarmDescription", "Namespace", "MetricName", "Dimensions", "Statistic", "ExtendedStatistic", "Period",
    "EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData", "AlarmActions",
    "OKActions",
}  # fmt: skip


@dataclass(frozen=True)
class Alarm:
    """An alarm by its name in the template; `stack` is what AWS::StackName stands for."""

    name: str
    properties: Mapping[str, Any]
    stack: str = "kobo"

    @property
    def namespace(self) -> str:
        """`KoboSms` for what the functions tell, `AWS/...` for what AWS does."""
        return str(self.properties["Namespace"])

    @property
    def metric(self) -> Metric:
        """What it looks at."""
        dimensions = frozenset((each["Name"], self._value(each["Value"])) for each in self.properties["Dimensions"])
        return self.namespace, str(self.properties["MetricName"]), dimensions

    @property
    def period(self) -> int:
        """In seconds."""
        return int(self.properties["Period"])

    @property
    def periods(self) -> int:
        """How many are looked at."""
        return int(self.properties["EvaluationPeriods"])

    @property
    def threshold(self) -> float:
        """What must not be passed."""
        return float(self.properties["Threshold"])

    def _value(self, value: Any) -> str:
        if value == {"Ref": "AWS::StackName"}:
            return self.stack
        if isinstance(value, dict):
            # What AWS calls it, nobody knows before it is there: its name in the template.
            (named,) = value.values()
            return str(named if isinstance(named, str) else named[0])
        return str(value)

    def evaluate(self, points: Iterable[Datapoint], now: float) -> str:
        """Return its state at `now`, from the values of its metric in the periods before."""
        mine = [point for point in points if point.metric == self.metric]
        found = [self._of_period(mine, now - at * self.period) for at in range(self.periods)]
        missing = self.properties.get("TreatMissingData", "missing")
        if all(each is None for each in found) and missing == "missing":
            return INSUFFICIENT
        breaching = [missing == "breaching" if each is None else self._breaches(each) for each in found]
        enough = int(self.properties.get("DatapointsToAlarm", self.periods))
        return ALARM if sum(breaching) >= enough else OK

    def _of_period(self, points: Iterable[Datapoint], end: float) -> float | None:
        values = [point.value for point in points if end - self.period <= point.at < end]
        return self._statistic(values) if values else None

    def _statistic(self, values: Sequence[float]) -> float:
        extended = self.properties.get("ExtendedStatistic")
        if extended is None:
            return _STATISTICS[self.properties["Statistic"]](values)
        share = float(extended.removeprefix("p")) / 100
        return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]

    def _breaches(self, value: float) -> bool:
        return _OPERATORS[self.properties["ComparisonOperator"]](value, self.threshold)


def alarms(stack: str = "kobo") -> dict[str, Alarm]:
    """Return the alarms of the template by name, as they look at a stack of that name."""
    found = {
        name: Alarm(name, each["Properties"], stack)
        for name, each in TEMPLATE["Resources"].items()
        if each["Type"] == "AWS::CloudWatch::Alarm"
    }
    for alarm in found.values():
        assert set(alarm.properties) <= _KNOWN, alarm.name
    return found


def lasting(alarm: Alarm, points: Iterable[Datapoint], now: float) -> list[Datapoint]:
    """Return what was told once as if it were told again in each of the periods that the alarm looks at."""
    middles = [now - (at + 0.5) * alarm.period for at in range(alarm.periods)]
    return [Datapoint(point.metric, at, point.value) for point in points for at in middles]
