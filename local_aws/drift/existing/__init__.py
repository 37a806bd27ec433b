"""What exists in the local stack: one reader a resource type, answering in the template's own spelling."""

from collections.abc import Callable
from typing import Any

from local_aws.clients import Clients
from local_aws.drift.existing import buckets, functions, messaging, roles, storage

Reader = Callable[[Clients, str], dict[str, Any]]
"""Reads a resource, given its physical id, as properties by their names in CloudFormation.

Raises botocore's ClientError or LookupError when there is no such resource.
"""

READERS: dict[str, Reader] = {
    "AWS::CloudWatch::Alarm": messaging.read_alarm,
    "AWS::CloudWatch::Dashboard": messaging.read_dashboard,
    "AWS::DynamoDB::Table": storage.read_table,
    "AWS::Events::Rule": messaging.read_rule,
    "AWS::IAM::ManagedPolicy": roles.read_managed_policy,
    "AWS::IAM::Role": roles.read_role,
    "AWS::Lambda::EventInvokeConfig": functions.read_invoke_config,
    "AWS::Lambda::EventSourceMapping": functions.read_mapping,
    "AWS::Lambda::Function": functions.read_function,
    "AWS::Lambda::Permission": functions.read_permission,
    "AWS::Logs::LogGroup": storage.read_group,
    "AWS::Scheduler::Schedule": messaging.read_schedule,
    "AWS::S3::Bucket": buckets.read_bucket,
    "AWS::SecretsManager::Secret": storage.read_secret,
    "AWS::SNS::Subscription": messaging.read_subscription,
    "AWS::SNS::Topic": messaging.read_topic,
    "AWS::SQS::Queue": messaging.read_queue,
}
