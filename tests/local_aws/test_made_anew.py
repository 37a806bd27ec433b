"""A stack that is deleted leaves what it sent behind, and one that is made anew takes it over.

As docs/operating.md, "A stack made anew", has it, but for the key of the fingerprints: the engine imports no secret.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local_aws.template.kept import kept
from local_aws.template.source import load

if TYPE_CHECKING:
    from local_aws.stack import LocalStack

NAME = "made-anew"
IDENTIFIERS = {"Messages": ("AWS::DynamoDB::Table", "TableName"), "Campaigns": ("AWS::S3::Bucket", "BucketName")}
KEPT = kept(load(Path(__file__).parents[2] / "template.yaml"))
TEMPLATE = KEPT | {"Resources": {name: KEPT["Resources"][name] for name in IDENTIFIERS}}
MORE = TEMPLATE | {"Resources": TEMPLATE["Resources"] | {"Queue": {"Type": "AWS::SQS::Queue"}}}
ITEM = {"id": {"S": "order-1"}, "part": {"S": "0"}, "state": {"S": "sent"}}


@pytest.fixture
def cloudformation(stack: LocalStack) -> Any:
    return stack.clients.cloudformation


def wait(cloudformation: Any, status: str) -> dict[str, str]:
    """Wait until the stack is in a status; return its physical ids."""
    end = time.monotonic() + 30
    while (found := cloudformation.describe_stacks(StackName=NAME)["Stacks"][0]["StackStatus"]) != status:
        assert time.monotonic() < end, found
        assert not found.endswith("FAILED"), cloudformation.describe_stack_events(StackName=NAME)["StackEvents"]
        time.sleep(0.05)
    resources = cloudformation.list_stack_resources(StackName=NAME)["StackResourceSummaries"]
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources}


def delete(cloudformation: Any) -> None:
    stack_id = cloudformation.describe_stacks(StackName=NAME)["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=NAME)
    end = time.monotonic() + 30
    while cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"] != "DELETE_COMPLETE":
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_stack_made_anew_takes_over_what_the_last_one_has_left(stack: LocalStack, cloudformation: Any) -> None:
    dynamodb = stack.clients.dynamodb
    cloudformation.create_stack(StackName=NAME, TemplateBody=json.dumps(TEMPLATE))
    first = wait(cloudformation, "CREATE_COMPLETE")
    dynamodb.put_item(TableName=first["Messages"], Item=ITEM)
    delete(cloudformation)

    imported = [
        {"ResourceType": type_, "LogicalResourceId": name, "ResourceIdentifier": {key: first[name]}}
        for name, (type_, key) in IDENTIFIERS.items()
    ]
    change = {"StackName": NAME, "ChangeSetName": "import"}
    body = json.dumps(TEMPLATE)
    cloudformation.create_change_set(**change, ChangeSetType="IMPORT", ResourcesToImport=imported, TemplateBody=body)
    cloudformation.execute_change_set(**change)
    assert wait(cloudformation, "IMPORT_COMPLETE") == first

    cloudformation.update_stack(StackName=NAME, TemplateBody=json.dumps(MORE))
    assert first.items() <= wait(cloudformation, "UPDATE_COMPLETE").items()
    key = {name: ITEM[name] for name in ("id", "part")}
    assert dynamodb.get_item(TableName=first["Messages"], Key=key)["Item"] == ITEM
    delete(cloudformation)
    assert dynamodb.describe_table(TableName=first["Messages"])["Table"]["DeletionProtectionEnabled"]


def test_what_is_imported_is_what_the_template_keeps(stack: LocalStack) -> None:
    assert KEPT["Resources"].keys() == {*IDENTIFIERS, "FingerprintKey"}
    assert "Transform" not in KEPT
