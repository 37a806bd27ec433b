"""SNS topics and subscriptions, CloudWatch alarms."""

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
