"""What template.yaml says that AWS charges for: alarms, dashboards, keys, memory, how often the schedules tick."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kobo_cli.errors import CliError
from local_aws.errors import LocalStackError
from local_aws.plan import SOURCE
from local_aws.template import parameters
from local_aws.template.intrinsics import Resolver
from local_aws.template.source import Template, load

HOURS_A_MONTH = 730
_UNITS = {"minute": 60, "hour": 3600, "day": 86_400}


@dataclass(frozen=True)
class TemplateFacts:
    """What a stack with some parameters has. `memory` in GB and `ticks` a month are by the function's logical name."""

    alarm_metrics: int
    dashboards: int
    secrets: int
    keys: int
    queues: int
    memory: Mapping[str, float]
    ticks: Mapping[str, float]
    batch: int
    changes_a_batch: int
    calls_at_once: int
    keep_days: int
    find: bool
    store_text: bool


def read_facts(given: Mapping[str, str]) -> TemplateFacts:
    """Return what a stack has that is deployed with the parameters `given`.

    Raises
    ------
    CliError
        when the template allows no such parameter, or has a schedule that nobody can reckon with.
    """
    try:
        template = load(SOURCE)
        return facts_of(template, parameters.settle(template["Parameters"], given))
    except LocalStackError as error:
        raise CliError(str(error)) from error


def facts_of(template: Template, values: Mapping[str, str]) -> TemplateFacts:
    """Return what a template makes of parameters, all of which have values. Raises as `read_facts`."""
    resolver = Resolver(values, _no_attribute, template.get("Mappings", {}), template.get("Conditions", {}))
    resources = dict(_existing(template, resolver))
    functions = {name: each for name, each in resources.items() if each["Type"] == "AWS::Serverless::Function"}
    send, publish = (functions[name]["Properties"] for name in ("SendSms", "PublishStatus"))
    return TemplateFacts(
        alarm_metrics=sum(map(_metrics_of, _of(resources, "AWS::CloudWatch::Alarm"))),
        dashboards=len(_of(resources, "AWS::CloudWatch::Dashboard")),
        secrets=len(_of(resources, "AWS::SecretsManager::Secret")),
        keys=len(_of(resources, "AWS::KMS::Key")),
        queues=len([each for each in send["Events"].values() if each["Type"] == "SQS"]),
        memory={name: _memory(template, each) for name, each in functions.items()},
        ticks={name: sum(_ticks(each, resolver)) for name, each in functions.items()},
        batch=send["Events"]["Priority"]["Properties"]["BatchSize"],
        changes_a_batch=publish["Events"]["Changes"]["Properties"]["BatchSize"],
        calls_at_once=int(resolver.resolve(send["Environment"]["Variables"]["CALLS_AT_ONCE"])),
        keep_days=int(values["KeepRecordsDays"]),
        find=values["FindByNumber"] == "true",
        store_text=values["StoreText"] == "true",
    )


def _existing(template: Template, resolver: Resolver) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in template["Resources"].items():
        if "Condition" not in resource or resolver.holds(resource["Condition"]):
            yield name, resource


def _of(resources: Mapping[str, dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each["Properties"] for each in resources.values() if each["Type"] == kind]


def _metrics_of(alarm: Mapping[str, Any]) -> int:
    """Return how many metrics an alarm looks at: each is billed."""
    return len([each for each in alarm["Metrics"] if "MetricStat" in each]) if "Metrics" in alarm else 1


def _memory(template: Template, function: Mapping[str, Any]) -> float:
    everywhere = template["Globals"]["Function"]["MemorySize"]
    return float(function["Properties"].get("MemorySize", everywhere)) / 1024


def _ticks(function: Mapping[str, Any], resolver: Resolver) -> Iterator[float]:
    for event in function["Properties"].get("Events", {}).values():
        if event["Type"] == "ScheduleV2":
            schedule = str(resolver.resolve(event["Properties"]["ScheduleExpression"]))
            match = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", schedule)
            if match is None:
                raise CliError(f"{schedule}: what it costs is known of rate(...) only")
            yield HOURS_A_MONTH * 3600 / (int(match[1]) * _UNITS[match[2]])


def _no_attribute(resource: str, attribute: str) -> str:
    raise LocalStackError(f"{resource}.{attribute} is known of a deployed stack only")
