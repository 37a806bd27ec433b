"""What template.yaml does for security: a key of the customer's, TLS, answers to what checkov finds."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kobo_sms.messages.compact_json import MAX_MESSAGE
from local_aws.template.source import load

ROOT = Path(__file__).parent.parent
TEMPLATE: dict[str, Any] = load(ROOT / "template.yaml")
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
ROLES = sorted(name for name, each in RESOURCES.items() if each["Type"] == "AWS::IAM::Role")
KEY = {"Ref": "KmsKeyArn"}
OWN_KEY = {"Fn::If": ["OwnKey", KEY, {"Ref": "AWS::NoValue"}]}
# Where each kind of resource that keeps something says under which key.
KEPT_UNDER: dict[str, list[Any]] = {
    "AWS::SQS::Queue": ["KmsMasterKeyId"],
    "AWS::SNS::Topic": ["KmsMasterKeyId"],
    "AWS::SecretsManager::Secret": ["KmsKeyId"],
    "AWS::Logs::LogGroup": ["KmsKeyId"],
    "AWS::DynamoDB::Table": ["SSESpecification", "KMSMasterKeyId"],
    "AWS::S3::Bucket": [
        "BucketEncryption",
        "ServerSideEncryptionConfiguration",
        0,
        "ServerSideEncryptionByDefault",
        "KMSMasterKeyID",
    ],
}
# Services that keep what they are given under the key, by the prefix of their actions.
KEEPERS = {"sqs", "sns", "secretsmanager", "dynamodb", "s3"}
# These have what they are given encrypted on the caller's behalf; DynamoDB makes its table's key by a grant of its own.
WRITES = {"sqs:SendMessage", "sns:Publish", "s3:PutObject"}


def of_type(kind: str) -> dict[str, Any]:
    return {name: each["Properties"] for name, each in RESOURCES.items() if each["Type"] == kind}


def actions_of(role: str) -> set[str]:
    statements = [
        statement
        for policy in RESOURCES[role]["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    return {
        action
        for each in statements
        for action in (each["Action"] if isinstance(each["Action"], list) else [each["Action"]])
    }


def services(condition: dict[str, Any]) -> set[str]:
    via = condition["StringEquals"]["kms:ViaService"]
    names = {each["Fn::Sub"] for each in (via if isinstance(via, list) else [via])}
    assert all(name.endswith(".${AWS::Region}.${AWS::URLSuffix}") for name in names)
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("kind", KEPT_UNDER)
def test_all_that_is_kept_is_kept_under_the_customers_key_if_there_is_one(kind: str) -> None:
    found = of_type(kind)
    assert found
    for name, properties in found.items():
        value: Any = properties
        for step in KEPT_UNDER[kind]:
            value = value[step]
        assert value == OWN_KEY, name


def test_a_queue_has_one_encryption_or_the_other() -> None:
    for name, queue in of_type("AWS::SQS::Queue").items():
        assert queue["SqsManagedSseEnabled"] == {"Fn::If": ["OwnKey", False, True]}, name


@pytest.mark.parametrize("role", ROLES)
def test_a_function_may_use_the_key_through_the_services_that_it_uses_and_no_other_way(role: str) -> None:
    policy = RESOURCES[f"{role.removesuffix('Role')}UsesTheKey"]
    assert policy["Condition"] == "OwnKey"
    assert policy["Properties"]["Roles"] == [{"Ref": role}]
    reading, *writing = policy["Properties"]["PolicyDocument"]["Statement"]
    own = actions_of(role)
    assert (reading["Action"], reading["Resource"]) == ("kms:Decrypt", KEY)
    assert services(reading["Condition"]) == {action.partition(":")[0] for action in own} & KEEPERS
    # Which of them want a new data key is held by tests/integration/least_privilege.
    assert {(each["Action"], str(each["Resource"])) for each in writing} <= {("kms:GenerateDataKey", str(KEY))}
    assert bool(writing) == bool(own & WRITES)


def test_a_producer_may_use_the_key_through_sqs() -> None:
    *_, statement = RESOURCES["ProducerPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    condition, granted, otherwise = statement["Fn::If"]
    assert (condition, otherwise) == ("OwnKey", {"Ref": "AWS::NoValue"})
    assert (granted["Action"], granted["Resource"]) == (["kms:GenerateDataKey", "kms:Decrypt"], KEY)
    assert services(granted["Condition"]) == {"sqs"}


@pytest.mark.parametrize(
    ("arn", "allowed"),
    [
        ("", True),
        ("arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab", True),
        ("arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-1234", True),
        # Neither an alias nor an id can stand in a policy.
        ("alias/kobo", False),
        ("arn:aws:kms:eu-west-1:123456789012:alias/kobo", False),
        ("1234abcd-12ab-34cd-56ef-1234567890ab", False),
    ],
)
def test_the_key_is_named_by_its_arn(arn: str, allowed: bool) -> None:
    assert (re.fullmatch(TEMPLATE["Parameters"]["KmsKeyArn"]["AllowedPattern"], arn) is not None) == allowed


def tls_only(kind: str, of: str) -> list[Any]:
    """Return what policies of a kind protect, each by refusing whatever comes without TLS."""
    found: list[Any] = []
    for policy in of_type(kind).values():
        denied = [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Deny"]
        assert [each["Condition"] for each in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]
        assert [each["Principal"] for each in denied] == ["*"]
        found += policy[of] if isinstance(policy[of], list) else [policy[of]]
    return found


@pytest.mark.parametrize(
    ("kind", "policy", "of"),
    [
        ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues"),
        ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "Topics"),
        ("AWS::S3::Bucket", "AWS::S3::BucketPolicy", "Bucket"),
    ],
)
def test_nothing_comes_in_or_out_without_tls(kind: str, policy: str, of: str) -> None:
    assert sorted(each["Ref"] for each in tls_only(policy, of)) == sorted(of_type(kind))


def test_alarms_of_this_account_may_publish_and_nobody_else_by_the_topics_policy() -> None:
    statements = RESOURCES["AlertsOverTlsOnly"]["Properties"]["PolicyDocument"]["Statement"]
    (allowed,) = (each for each in statements if each["Effect"] == "Allow")
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Action"] == "sns:Publish"
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def test_every_queue_takes_what_the_code_reckons_with() -> None:
    # A dead letter must fit wherever what died came from.
    assert {queue["MaximumMessageSize"] for queue in of_type("AWS::SQS::Queue").values()} == {MAX_MESSAGE}


def test_each_finding_that_is_left_has_its_reason() -> None:
    answered = [
        (name, finding)
        for name, each in RESOURCES.items()
        for finding in each.get("Metadata", {}).get("checkov", {}).get("skip", [])
    ]
    assert answered
    for name, finding in answered:
        assert re.fullmatch(r"CKV\d?_AWS_\d+", finding["id"]), name
        assert len(finding["comment"].split()) >= 6, name


def test_the_key_policy_of_the_docs_lets_in_the_services_that_need_it() -> None:
    page = (ROOT / "docs" / "security.md").read_text()
    (block,) = re.findall(r"^```json\n(.*?)^```$", page, re.M | re.S)
    statements = json.loads(block)["Statement"]
    principals = {each["Principal"]["Service"] for each in statements if "Service" in each["Principal"]}
    # Alarms publish to the encrypted topic, CloudWatch Logs writes log groups; the others act for their callers.
    assert principals == {"cloudwatch.amazonaws.com", "logs.REGION.amazonaws.com"}
    assert all("Condition" in each for each in statements if "Service" in each["Principal"])
