"""What AWS is asked to allow for a call: actions, resources and the keys of conditions, as IAM's reference has them.

https://docs.aws.amazon.com/service-authorization/latest/reference/ lists them for each service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests import partiql

REGION, ACCOUNT = "eu-west-1", "123456789012"

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """One thing that IAM decides about; `context` has the condition keys that AWS fills in, each with its values."""

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return f"{self.action} on {self.resource}" + "".join(f", {key} {on}" for key, on in self.context.items())


def requests_of(operation: str, params: Params, mapped_function: str) -> list[Request]:
    """Return what a call asks for; `operation` is as `sqs.SendMessage`, `mapped_function` the ARN behind each mapping.

    Raises LookupError for an operation that nobody has looked up.
    """
    service, _, name = operation.partition(".")
    if service == "lambda" and name.endswith("EventSourceMapping"):
        resource = arn("lambda", f"event-source-mapping:{params['UUID']}")
        return [Request(f"lambda:{name}", resource, {"lambda:FunctionArn": (mapped_function,)})]
    if operation not in _OPERATIONS:
        raise LookupError(f"nobody knows what {operation} asks for; add it to {__name__}")
    return list(_OPERATIONS[operation](params))


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def queue_arn(url: str) -> str:
    return arn("sqs", url.rpartition("/")[2])


def table_arn(name: str) -> str:
    return arn("dynamodb", f"table/{name}")


def _queue(action: str) -> Callable[[Params], Iterator[Request]]:
    def asked(params: Params) -> Iterator[Request]:
        yield Request(f"sqs:{action}", queue_arn(params["QueueUrl"]))

    return asked


def _item(action: str, key: str = "Key") -> Callable[[Params], Iterator[Request]]:
    def asked(params: Params) -> Iterator[Request]:
        yield _of_table(action, params["TableName"], [params[key]["id"]["S"]])

    return asked


def _of_table(action: str, table: str, keys: list[str], index: str = "") -> Request:
    leading = {"dynamodb:LeadingKeys": tuple(sorted(set(keys)))}
    return Request(f"dynamodb:{action}", table_arn(table) + (f"/index/{index}" if index else ""), leading)


def _query(params: Params) -> Iterator[Request]:
    values = params["ExpressionAttributeValues"]
    # Each query of ours begins with the partition key, `name = :value`.
    key = params["KeyConditionExpression"].split(" AND ")[0].rpartition("=")[2].strip(" ()")
    yield _of_table("Query", params["TableName"], [values[key]["S"]], params.get("IndexName", ""))


def _batch_get(params: Params) -> Iterator[Request]:
    for table, wanted in params["RequestItems"].items():
        yield _of_table("BatchGetItem", table, [key["id"]["S"] for key in wanted["Keys"]])


def _batch_write(params: Params) -> Iterator[Request]:
    for table, writes in params["RequestItems"].items():
        items = [each.get("PutRequest", {}).get("Item") or each["DeleteRequest"]["Key"] for each in writes]
        yield _of_table("BatchWriteItem", table, [item["id"]["S"] for item in items])


def _statements(params: Params) -> Iterator[Request]:
    # A batch of statements is allowed by the actions of the statements.
    for statement in params["Statements"]:
        write = partiql.read(statement).arguments
        action = f"PartiQL{statement['Statement'].partition(' ')[0].title()}"
        yield _of_table(action, write["TableName"], [write["Key"]["id"]["S"]])


def _events(params: Params) -> Iterator[Request]:
    for entry in params["Entries"]:
        context = {"events:source": (entry["Source"],), "events:detail-type": (entry["DetailType"],)}
        yield Request("events:PutEvents", arn("events", f"event-bus/{entry.get('EventBusName', 'default')}"), context)


def _invoke(params: Params) -> Iterator[Request]:
    yield Request("lambda:InvokeFunction", arn("lambda", f"function:{params['FunctionName']}"))


def _object(params: Params) -> Iterator[Request]:
    yield Request("s3:GetObject", f"arn:aws:s3:::{params['Bucket']}/{params['Key']}")


def _named(action: str, name: str) -> Callable[[Params], Iterator[Request]]:
    def asked(params: Params) -> Iterator[Request]:
        yield Request(action, params[name])

    return asked


_OPERATIONS: dict[str, Callable[[Params], Iterator[Request]]] = {
    "dynamodb.BatchExecuteStatement": _statements,
    "dynamodb.BatchGetItem": _batch_get,
    "dynamodb.BatchWriteItem": _batch_write,
    "dynamodb.GetItem": _item("GetItem"),
    "dynamodb.PutItem": _item("PutItem", "Item"),
    "dynamodb.Query": _query,
    "dynamodb.UpdateItem": _item("UpdateItem"),
    "events.PutEvents": _events,
    "lambda.Invoke": _invoke,
    "s3.GetObject": _object,
    "secretsmanager.GetSecretValue": _named("secretsmanager:GetSecretValue", "SecretId"),
    "sns.Publish": _named("sns:Publish", "TopicArn"),
    # A batch is allowed by the action of the single call.
    "sqs.ChangeMessageVisibility": _queue("ChangeMessageVisibility"),
    "sqs.ChangeMessageVisibilityBatch": _queue("ChangeMessageVisibility"),
    "sqs.DeleteMessage": _queue("DeleteMessage"),
    "sqs.GetQueueAttributes": _queue("GetQueueAttributes"),
    "sqs.ReceiveMessage": _queue("ReceiveMessage"),
    "sqs.SendMessage": _queue("SendMessage"),
    "sqs.SendMessageBatch": _queue("SendMessage"),
}
