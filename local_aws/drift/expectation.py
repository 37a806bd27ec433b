"""What the transformed template asks for, with every function worked out for the stack that was created."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.clients import Clients
from local_aws.deployment import STACK_NAME, Deployment
from local_aws.errors import LocalStackError
from local_aws.processes.programs import ACCOUNT, REGION
from local_aws.template.intrinsics import Resolver
from local_aws.template.source import Template

_TABLE = "AWS::DynamoDB::Table"
SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a resource type

# The ARN of a resource as a function of its physical id, and the attributes that give it.
_ARNS = {
    "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{{}}",
    _TABLE: f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{{}}",
    "AWS::Events::Rule": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{{}}",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{}}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{}}:*",
    "AWS::SNS::Topic": "{}",
    SECRET: "{}",
}
_ARN_ATTRIBUTES = {"Arn", "Id", "TopicArn"}
# A dynamic reference: CloudFormation puts in what the secret holds.
_IN_SECRET = re.compile(r"{{resolve:secretsmanager:(arn:[^}]+):SecretString}}")


@dataclass(frozen=True)
class Expected:
    """A resource that should exist: its logical name, type, physical id ("" for none) and resolved properties."""

    name: str
    type: str
    physical_id: str
    properties: Mapping[str, Any]


def expected_resources(
    clients: Clients, template: Template, parameters: Mapping[str, str], deployment: Deployment
) -> list[Expected]:
    """Return what should exist. Resources whose condition is false are left out."""
    identifiers = _identifiers(clients, template, deployment)
    resolver = _resolver(clients, template, parameters, deployment, identifiers)

    def properties(resource: Mapping[str, Any]) -> Any:
        return _with_secrets(clients, resolver.resolve(resource.get("Properties", {})))

    return [
        Expected(name, resource["Type"], identifiers.get(name, ""), properties(resource))
        for name, resource in template["Resources"].items()
        if "Condition" not in resource or resolver.holds(resource["Condition"])
    ]


def _with_secrets(clients: Clients, value: Any) -> Any:
    """Return a resolved value with its dynamic references replaced by what the secrets hold."""
    if isinstance(value, list):
        return [_with_secrets(clients, item) for item in value]
    if isinstance(value, dict):
        return {key: _with_secrets(clients, item) for key, item in value.items()}
    if not isinstance(value, str):
        return value
    secrets = clients.secretsmanager
    return _IN_SECRET.sub(lambda match: secrets.get_secret_value(SecretId=match[1])["SecretString"], value)


def _identifiers(clients: Clients, template: Template, deployment: Deployment) -> dict[str, str]:
    """Return the physical ids, a secret's being its ARN as it is in AWS."""
    identifiers = {name: identifier for name, identifier in deployment.physical_ids.items() if identifier}
    for name, identifier in identifiers.items():
        if template["Resources"].get(name, {}).get("Type") == SECRET:
            identifiers[name] = clients.secretsmanager.describe_secret(SecretId=identifier)["ARN"]
    return identifiers


def _resolver(
    clients: Clients,
    template: Template,
    parameters: Mapping[str, str],
    deployment: Deployment,
    identifiers: Mapping[str, str],
) -> Resolver:
    def attribute(name: str, wanted: str) -> str:
        type_, identifier = template["Resources"][name]["Type"], identifiers.get(name, f"<{name} was not created>")
        if type_ == "AWS::SQS::Queue" and wanted == "Arn":
            return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{identifier.rpartition('/')[2]}"
        if type_ == "AWS::SQS::Queue" and wanted == "QueueName":
            return identifier.rpartition("/")[2]
        if type_ == _TABLE and wanted == "StreamArn":
            return str(clients.dynamodb.describe_table(TableName=identifier)["Table"]["LatestStreamArn"])
        if type_ in _ARNS and wanted in _ARN_ATTRIBUTES:
            return _ARNS[type_].format(identifier)
        raise LocalStackError(f"nobody knows {wanted} of {type_} ({name}); add it to local_aws/drift/expectation.py")

    pseudo = {
        "AWS::AccountId": ACCOUNT,
        "AWS::Partition": "aws",
        "AWS::Region": REGION,
        "AWS::StackId": deployment.stack_id,
        "AWS::StackName": STACK_NAME,
        "AWS::URLSuffix": "amazonaws.com",
    }
    return Resolver(
        references=pseudo | dict(parameters) | dict(identifiers),
        attribute=attribute,
        mappings=template.get("Mappings", {}),
        conditions=template.get("Conditions", {}),
    )
