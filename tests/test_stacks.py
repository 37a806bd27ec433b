"""What template.yaml promises of stacks beside one another, and of one made anew: names, secrets, what outlives it."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from local_aws.template.expansion import expand
from local_aws.template.parameters import settle
from local_aws.template.source import code_folders, load

ROOT = Path(__file__).parents[1]
TEMPLATE = load(ROOT / "template.yaml")
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
OUTLIVE = {"Messages", "Campaigns", "FingerprintKey"}
# Properties by which CloudFormation gives a resource a name of the template's choice. (A policy within a role is the
# role's own.)
NAMES = {
    "AlarmName",
    "AliasName",
    "BucketName",
    "DashboardName",
    "FunctionName",
    "GroupName",
    "LayerName",
    "LogGroupName",
}
NAMES |= {
    "ManagedPolicyName",
    "Name",
    "QueueName",
    "RoleName",
    "ScheduleGroupName",
    "TableName",
    "TopicName",
    "UserName",
}


@cache
def expanded() -> dict[str, Any]:
    """Return the template as AWS deploys it, every condition's resources among it."""
    template = deepcopy(TEMPLATE)
    code = dict.fromkeys(code_folders(template, ROOT), "s3://bucket/key")
    found: dict[str, Any] = expand(template, settle(TEMPLATE["Parameters"], {}), code)
    return found


def named(resources: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield resources whose name another stack could have, and the name."""
    for logical, resource in resources.items():
        for name in NAMES & resource.get("Properties", {}).keys():
            value = resource["Properties"][name]
            refers = isinstance(value, dict) and ("Ref" in value or "Fn::GetAtt" in value)
            if not refers and "${AWS::StackName}" not in str(value):
                yield logical, value


def test_no_resource_has_a_name_that_another_stack_could_have() -> None:
    assert list(named(expanded()["Resources"])) == []


@pytest.mark.parametrize("value", ["kobo", {"Fn::Sub": "${AWS::Region}-kobo"}])
def test_one_that_had_would_be_found(value: Any) -> None:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": value}}
    assert list(named({"Queue": queue})) == [("Queue", value)]


def test_nothing_is_exported() -> None:
    assert [name for name, output in TEMPLATE["Outputs"].items() if "Export" in output] == []


def test_events_are_of_the_stack() -> None:
    rules = [each for each in expanded()["Resources"].values() if each["Type"] == "AWS::Events::Rule"]
    assert rules
    for rule in rules:
        assert rule["Properties"]["EventPattern"]["source"] == [{"Fn::Sub": "kobo-sms.${AWS::StackName}"}]


def test_metrics_are_of_the_stack() -> None:
    shared = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    assert shared["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}
    for alarm in (each for each in RESOURCES.values() if each["Type"] == "AWS::CloudWatch::Alarm"):
        if alarm["Properties"].get("Namespace") == "KoboSms":
            assert {"Name": "service", "Value": {"Ref": "AWS::StackName"}} in alarm["Properties"]["Dimensions"]


def test_the_namespace_of_message_uuids_is_the_stacks_unless_one_is_given() -> None:
    variables = RESOURCES["SendSms"]["Properties"]["Environment"]["Variables"]
    given = {"Ref": "MessageNamespace"}
    # Stacks of one name may be in two regions or accounts.
    stack = {"Fn::Sub": "${AWS::AccountId}/${AWS::Region}/${AWS::StackName}"}
    assert variables["MESSAGE_NAMESPACE"] == {"Fn::If": ["NamespaceIsGiven", given, stack]}
    assert TEMPLATE["Outputs"]["KoboMessageNamespace"]["Value"] == variables["MESSAGE_NAMESPACE"]
    assert TEMPLATE["Conditions"]["NamespaceIsGiven"] == {"Fn::Not": [{"Fn::Equals": [given, ""]}]}


def test_what_outlives_the_stack_is_what_keeps_from_sending_twice() -> None:
    """But for what a creation that fails has made: that goes with it."""
    kept = {name: each for name, each in RESOURCES.items() if "DeletionPolicy" in each or "UpdateReplacePolicy" in each}
    assert kept.keys() == OUTLIVE
    for each in kept.values():
        assert (each["DeletionPolicy"], each["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_the_table_is_protected() -> None:
    assert RESOURCES["Messages"]["Properties"]["DeletionProtectionEnabled"] == {"Ref": "ProtectTable"}
    assert TEMPLATE["Parameters"]["ProtectTable"]["Default"] == "true"


@pytest.mark.parametrize(
    ("secret", "generated"),
    [
        ("Credentials", {"SecretStringTemplate": '{"user": "not-set-yet"}', "GenerateStringKey": "pass"}),
        ("FingerprintKey", {"PasswordLength": 48}),
    ],
)
def test_no_deployment_overwrites_a_secret(secret: str, generated: dict[str, Any]) -> None:
    """CloudFormation makes a new version of one whenever GenerateSecretString or SecretString changes, however little.

    So what stands there stays as it was in the first release, for ever.
    """
    properties = RESOURCES[secret]["Properties"]
    assert properties["GenerateSecretString"] == generated
    assert "SecretString" not in properties
    # Another name would be another secret.
    assert "Name" not in properties


def test_the_fingerprints_hang_on_a_key_of_their_own() -> None:
    variables = RESOURCES["SendSms"]["Properties"]["Environment"]["Variables"]
    assert variables["FINGERPRINT_KEY"] == {"Fn::Sub": "{{resolve:secretsmanager:${FingerprintKey}:SecretString}}"}
    assert variables["FORMER_FINGERPRINT_KEY"] == {"Ref": "AWS::StackId"}
