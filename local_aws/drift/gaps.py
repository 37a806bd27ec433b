"""Where MiniStack 1.5.33 falls short of AWS: what is done about each gap, and what is not compared because of one.

README.md lists the same for readers. Nothing else in `local_aws` makes allowances for the engine.
"""

from collections.abc import Iterable
from typing import Any

from local_aws.clients import Clients
from local_aws.drift.existing.buckets import complete_bucket
from local_aws.drift.expectation import SECRET, Expected
from local_aws.template.source import Template

BUCKET = "AWS::S3::Bucket"
# Policies of resources.
POLICIES = {"AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"}
FUNCTION = "AWS::Lambda::Function"
MANAGED_POLICY = "AWS::IAM::ManagedPolicy"
ROLE = "AWS::IAM::Role"
SCHEDULE = "AWS::Scheduler::Schedule"
TABLE = "AWS::DynamoDB::Table"
TOPIC = "AWS::SNS::Topic"
_WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}
_ALARMS = {"Service": "cloudwatch.amazonaws.com"}

NOT_COMPARED = {
    # Where the code lies says nothing; that it runs is seen as soon as it is invoked.
    (FUNCTION, "Code"),
    # Only what SAM adds: lambda:createdBy.
    (FUNCTION, "Tags"),
    (ROLE, "Tags"),
}

# AWS authorises these calls by the permission on the left; the engine asks for the one on the right.
IMPLIED_PERMISSIONS = {
    "sqs:SendMessage": "sqs:SendMessageBatch",
    "sqs:DeleteMessage": "sqs:DeleteMessageBatch",
    "sqs:ChangeMessageVisibility": "sqs:ChangeMessageVisibilityBatch",
    "lambda:GetEventSourceMapping": "lambda:ListEventSourceMappings",
}
# The same of calls in which the engine finds no resource: it asks for the permission on all of them.
IMPLIED_ON_ALL = {"dynamodb:PartiQLUpdate": "dynamodb:BatchExecuteStatement"}

# Keys of conditions that the engine's IAM fills in with nothing: most of them would let nobody in.
UNKNOWN_CONDITION_KEYS = {"dynamodb:LeadingKeys", "events:detail-type", "events:source", "lambda:FunctionArn"}


def before_deployment(template: Template) -> None:
    """Change a transformed template where the engine would misread it."""
    resources = template["Resources"]
    # There is no TLS here, so a policy that demands it would let nobody in.
    for name in [name for name, resource in resources.items() if _is_moot(resource)]:
        del resources[name]
    # Ref of a secret gives its name; in AWS it gives the ARN, which Fn::GetAtt of Id gives in both.
    secrets = {name for name, resource in resources.items() if resource["Type"] == SECRET}
    for section in ("Resources", "Outputs"):
        _replace_references(template.get(section, {}), secrets)
    # A number from a mapping stays one, and a function with a number in its environment can't be started.
    for resource in resources.values():
        if resource["Type"] == FUNCTION:
            variables = resource["Properties"].get("Environment", {}).get("Variables", {})
            variables.update({name: _as_text(value) for name, value in variables.items()})
        if resource["Type"] == ROLE:
            for policy in resource["Properties"].get("Policies", []):
                _adapt_policy(policy["PolicyDocument"])
        if resource["Type"] == MANAGED_POLICY:
            _adapt_policy(resource["Properties"]["PolicyDocument"])


def _is_moot(resource: dict[str, Any]) -> bool:
    """Tell whether a policy of a resource only demands TLS, and lets alarms in, which ring nowhere here."""
    if resource["Type"] not in POLICIES:
        return False
    statements = resource["Properties"]["PolicyDocument"]["Statement"]
    return all(each["Condition"] == _WITHOUT_TLS or each.get("Principal") == _ALARMS for each in statements)


def _adapt_policy(policy: dict[str, Any]) -> None:
    on_all: set[str] = set()
    for statement in policy["Statement"]:
        if "Action" not in statement:
            # Under a condition: none of these is about what the engine misreads.
            continue
        _forget_unknown_keys(statement)
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        implied = [IMPLIED_PERMISSIONS[action] for action in actions if action in IMPLIED_PERMISSIONS]
        statement["Action"] = [*actions, *implied]
        on_all |= {IMPLIED_ON_ALL[action] for action in actions if action in IMPLIED_ON_ALL}
    policy["Statement"] += [{"Effect": "Allow", "Action": action, "Resource": "*"} for action in sorted(on_all)]


def _forget_unknown_keys(statement: dict[str, Any]) -> None:
    for operator, keys in statement.pop("Condition", {}).items():
        known = {key: value for key, value in keys.items() if key not in UNKNOWN_CONDITION_KEYS}
        if known:
            statement.setdefault("Condition", {})[operator] = known


def _as_text(value: Any) -> Any:
    return {"Fn::Join": ["", [value]]} if isinstance(value, dict) else str(value)


def _replace_references(node: Any, names: set[str]) -> None:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        _replace_references(child, names)
    if isinstance(node, dict) and node.get("Ref") in names:
        node["Fn::GetAtt"] = [node.pop("Ref"), "Id"]


def after_deployment(clients: Clients, resources: Iterable[Expected]) -> None:
    """Make up for what the engine's CloudFormation leaves out."""
    for resource in resources:
        if resource.type == TABLE and resource.physical_id:
            _complete_table(clients, resource)
        if resource.type == BUCKET and resource.physical_id:
            complete_bucket(clients, resource.physical_id, resource.properties)
        if resource.type == FUNCTION and resource.physical_id:
            _complete_function(clients, resource)
        if resource.type == TOPIC and "KmsMasterKeyId" in resource.properties:
            key = {"AttributeName": "KmsMasterKeyId", "AttributeValue": resource.properties["KmsMasterKeyId"]}
            clients.sns.set_topic_attributes(TopicArn=resource.physical_id, **key)
        if resource.type == SCHEDULE and resource.physical_id:
            _complete_schedule(clients, resource)


def _complete_function(clients: Clients, function: Expected) -> None:
    """Set a function's loop detection and reserved concurrency by their APIs."""
    name, asked = function.physical_id, function.properties
    if "RecursiveLoop" in asked:
        clients.functions.put_function_recursion_config(FunctionName=name, RecursiveLoop=asked["RecursiveLoop"])
    if "ReservedConcurrentExecutions" in asked:
        clients.functions.put_function_concurrency(
            FunctionName=name, ReservedConcurrentExecutions=int(asked["ReservedConcurrentExecutions"])
        )


def _complete_schedule(clients: Clients, schedule: Expected) -> None:
    """Set a schedule's time zone by its API."""
    found: dict[str, Any] = dict(clients.scheduler.get_schedule(Name=schedule.physical_id))
    kept = {name: found[name] for name in ("ScheduleExpression", "FlexibleTimeWindow", "Target", "State")}
    zone = schedule.properties.get("ScheduleExpressionTimezone", "UTC")
    clients.scheduler.update_schedule(Name=schedule.physical_id, ScheduleExpressionTimezone=zone, **kept)


def _complete_table(clients: Clients, table: Expected) -> None:
    """Switch TTL, point-in-time recovery and encryption on by their APIs."""
    name, asked = table.physical_id, table.properties
    if "TimeToLiveSpecification" in asked:
        clients.dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=asked["TimeToLiveSpecification"])
    if "PointInTimeRecoverySpecification" in asked:
        clients.dynamodb.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification=asked["PointInTimeRecoverySpecification"]
        )
    if "SSESpecification" in asked:
        wanted = asked["SSESpecification"]
        renamed: Any = {"Enabled": wanted["SSEEnabled"]} | {
            key: wanted[key] for key in ("SSEType", "KMSMasterKeyId") if key in wanted
        }
        clients.dynamodb.update_table(TableName=name, SSESpecification=renamed)
