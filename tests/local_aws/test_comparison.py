"""The comparison of what exists with what the template asks for: each kind of difference is found and named."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from local_aws.deployment import STACK_NAME, Deployment
from local_aws.drift.comparison import differences, same
from local_aws.drift.expectation import Expected, expected_resources
from local_aws.plan import SOURCE
from local_aws.stack import LocalStack
from local_aws.template.expansion import expand
from local_aws.template.parameters import settle
from local_aws.template.source import code_folders, load


@pytest.fixture(scope="module")
def expected(stack: LocalStack) -> dict[str, Expected]:
    """What template.yaml asks for, by logical name."""
    template = load(SOURCE)
    values = settle(template["Parameters"], {"KoboBaseUrl": stack.environment["KOBO_BASE_URL"]})
    expanded = expand(template, values, dict.fromkeys(code_folders(template, SOURCE.parent), "s3://any/code"))
    found = stack.clients.cloudformation.describe_stack_resources(StackName=STACK_NAME)["StackResources"]
    identifiers = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in found}
    deployment = Deployment(found[0]["StackId"], {}, identifiers)
    return {one.name: one for one in expected_resources(stack.clients, expanded, values, deployment)}


CHANGES: list[tuple[str, str, Any]] = [
    ("PriorityQueue", "VisibilityTimeout", 91),
    ("PriorityQueue", "MessageRetentionPeriod", 60),
    ("PriorityQueue", "RedrivePolicy", {"maxReceiveCount": 5}),
    ("BulkQueue", "RedrivePolicy", {"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:000000000000:other"}),
    ("Messages", "KeySchema", [{"AttributeName": "id", "KeyType": "HASH"}]),
    ("Messages", "GlobalSecondaryIndexes", []),
    ("Messages", "TimeToLiveSpecification", {"AttributeName": "expires", "Enabled": False}),
    ("Messages", "PointInTimeRecoverySpecification", {"PointInTimeRecoveryEnabled": False}),
    ("SendSms", "Handler", "other.handle"),
    ("SendSms", "Timeout", 31),
    ("SendSms", "MemorySize", 128),
    ("SendSms", "Runtime", "python3.12"),
    ("SendSms", "Environment", {"Variables": {"CALLS_AT_ONCE": "99"}}),
    ("SendSms", "LoggingConfig", {"LogGroup": "other"}),
    ("SendSms", "ReservedConcurrentExecutions", 5),
    ("SendSmsBulk", "BatchSize", 6),
    ("SendSmsBulk", "FunctionResponseTypes", []),
    ("SendSmsBulk", "ScalingConfig", {"MaximumConcurrency": 3}),
    ("SendSmsBulk", "Enabled", False),
    ("SendSmsRole", "Policies", []),
    ("CheckCreditEventInvokeConfig", "MaximumRetryAttempts", 2),
    ("Credentials", "GenerateSecretString", {"GenerateStringKey": "password"}),
    ("Alerts", "DisplayName", "Other"),
    ("CheckCreditLogs", "RetentionInDays", 31),
    ("PriorityQueue", "SomethingNew", 1),
]


@pytest.mark.parametrize(("name", "property_", "value"), CHANGES, ids=lambda value: str(value)[:24])
def test_a_differing_property_is_named(
    stack: LocalStack, expected: dict[str, Expected], name: str, property_: str, value: object
) -> None:
    resource = expected[name]
    (line,) = differences(stack.clients, [replace(resource, properties={**resource.properties, property_: value})])
    assert line.startswith(f"{name} ({resource.type}): {property_} should be {json.dumps(value)}, is ")


def test_what_was_changed_behind_the_templates_back_is_found(
    stack: LocalStack, expected: dict[str, Expected], visibility: None
) -> None:
    found = differences(stack.clients, [expected["DeadLetterQueue"]])
    assert found == ['DeadLetterQueue (AWS::SQS::Queue): MessageRetentionPeriod should be 1209600, is "120"']


@pytest.fixture
def visibility(stack: LocalStack) -> Iterator[None]:
    queue = stack.environment["KOBO_DEAD_LETTER_QUEUE_URL"]
    stack.clients.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"MessageRetentionPeriod": "120"})
    yield
    stack.clients.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"MessageRetentionPeriod": "1209600"})


def test_a_missing_resource_is_named(stack: LocalStack, expected: dict[str, Expected]) -> None:
    def found(name: str, identifier: str) -> str:
        (line,) = differences(stack.clients, [replace(expected[name], physical_id=identifier)])
        return line

    assert found("SendSms", "") == "SendSms (AWS::Lambda::Function) was not created"
    gone = {
        "SendSms": "gone",
        "SendSmsBulk": "00000000-0000-0000-0000-000000000000",
        "Messages": "gone",
        "PriorityQueue": stack.environment["KOBO_PRIORITY_QUEUE_URL"] + "gone",
        "Credentials": "gone",
        "Alerts": "arn:aws:sns:eu-west-1:000000000000:gone",
        "CheckCreditLogs": "gone",
        "CheckCreditRole": "gone",
        "CheckCreditTick": "gone",
        "CheckCreditEventInvokeConfig": "gone:$LATEST",
    }
    for name, identifier in gone.items():
        assert "does not exist" in found(name, identifier)


def test_a_type_that_nobody_checks_is_an_error(stack: LocalStack) -> None:
    (line,) = differences(stack.clients, [Expected("Api", "AWS::ApiGateway::RestApi", "x", {})])
    assert "nobody checks AWS::ApiGateway::RestApi" in line


@pytest.mark.parametrize(
    ("asked", "found", "verdict"),
    [
        (5, "5", True),
        (5.0, 5, True),
        (True, "true", True),
        (True, "false", False),
        ([1, 2], [2, 1], True),
        ([1, 2], [1], False),
        ([], None, False),
        ({"a": 1}, {"a": "1", "b": 2}, True),
        ({"a": 1}, {}, False),
        ({"a": 1}, None, False),
        ({}, None, True),
        ("a", None, False),
    ],
)
def test_what_counts_as_the_same(asked: object, found: object, verdict: bool) -> None:
    assert same(asked, found) is verdict
