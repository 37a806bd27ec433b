"""What carries messages: queues, topics and subscriptions, EventBridge rules and schedules; alarms and dashboards."""

import json
from typing import Any

from local_aws.clients import Clients


def read_topic(clients: Clients, arn: str) -> dict[str, Any]:
    """Read a topic by its ARN."""
    attributes = clients.sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    return {"TopicName": arn.rpartition(":")[2], **attributes}


def read_subscription(clients: Clients, arn: str) -> dict[str, Any]:
    """Read a subscription by its ARN."""
    for page in clients.sns.get_paginator("list_subscriptions").paginate():
        for found in page["Subscriptions"]:
            if found["SubscriptionArn"] == arn:
                return {name: found.get(name) for name in ("TopicArn", "Protocol", "Endpoint")}
    raise LookupError(arn)


def read_alarm(clients: Clients, name: str) -> dict[str, Any]:
    """Read an alarm by its name."""
    found: list[dict[str, Any]] = clients.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    if not found:
        raise LookupError(name)
    return found[0]


def read_dashboard(clients: Clients, name: str) -> dict[str, Any]:
    """Read a dashboard by its name."""
    return {"DashboardBody": clients.cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"]}


def read_queue(clients: Clients, url: str) -> dict[str, Any]:
    """Read a queue by its URL."""
    found = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    attributes: dict[str, Any] = {str(name): value for name, value in found.items()}
    for name in ("RedrivePolicy", "RedriveAllowPolicy"):
        if name in attributes:
            attributes[name] = json.loads(attributes[name])
    return attributes


def read_schedule(clients: Clients, name: str) -> dict[str, Any]:
    """Read a schedule of the default group by its name."""
    return dict(clients.scheduler.get_schedule(Name=name))


def read_rule(clients: Clients, name: str) -> dict[str, Any]:
    """Read a rule of the default bus by its name, with its targets."""
    found: dict[str, Any] = dict(clients.events.describe_rule(Name=name))
    if found.get("EventPattern"):
        found["EventPattern"] = json.loads(found["EventPattern"])
    return found | {"Targets": clients.events.list_targets_by_rule(Rule=name)["Targets"]}
