"""The stack, created by the engine's CloudFormation."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from local_aws.clients import Clients
from local_aws.errors import LocalStackError
from local_aws.processes.programs import REGION
from local_aws.template.source import Template

STACK_NAME = "kobo-sms"
_TIMEOUT_SECONDS = 60
# In a call CloudFormation takes 51,200 bytes of a template, and a million by way of S3.
_BUCKET, _KEY = "kobo-local-template", "template.json"


@dataclass(frozen=True)
class Deployment:
    """A stack that was created: its id, its outputs, and the physical id of each resource by logical name."""

    stack_id: str
    outputs: Mapping[str, str]
    physical_ids: Mapping[str, str]


def deploy(clients: Clients, template: Template, parameters: Mapping[str, str]) -> Deployment:
    """Create the stack of a transformed template. Raises LocalStackError with the reasons when that fails."""
    clients.s3.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    clients.s3.put_object(Bucket=_BUCKET, Key=_KEY, Body=json.dumps(template).encode())
    try:
        stack_id = clients.cloudformation.create_stack(
            StackName=STACK_NAME,
            TemplateURL=f"{clients.endpoint}/{_BUCKET}/{_KEY}",
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM"],
        )["StackId"]
    except ClientError as error:
        raise LocalStackError(f"the template was refused: {error}") from error
    outputs = _wait_for_outputs(clients)
    pages = clients.cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK_NAME)
    resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
    return Deployment(
        stack_id, outputs, {found["LogicalResourceId"]: found.get("PhysicalResourceId", "") for found in resources}
    )


def _wait_for_outputs(clients: Clients) -> dict[str, str]:
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        stack = clients.cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
        if stack["StackStatus"] == "CREATE_COMPLETE":
            return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        if stack["StackStatus"] != "CREATE_IN_PROGRESS":
            raise LocalStackError(f"the stack was not created ({stack['StackStatus']}): {_reasons(clients)}")
        time.sleep(0.05)
    raise LocalStackError(f"the stack was not created in {_TIMEOUT_SECONDS} s")


def _reasons(clients: Clients) -> str:
    events = clients.cloudformation.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
    failed = [event for event in events if event.get("ResourceStatus") == "CREATE_FAILED"]
    return "; ".join(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '?')}" for event in failed)
