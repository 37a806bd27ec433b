"""An AWS in the test's process: moto, made twice as fast without a different answer, and one that takes turns.

moto asks of every value that it returns for each of DynamoDB's ten types, by up to four names; a value has one. It
compares and then writes, and lets other threads in between; DynamoDB does each call as a whole. And moto carries out
PartiQL without its conditions.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.serialize import JSONSerializer
from moto.dynamodb.exceptions import ConditionalCheckFailed, DynamodbException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.responses import DynamoHandler

from tests import partiql

_as_moto_does: Callable[..., None] = JSONSerializer._serialize_type_structure
_called: Callable[..., Any] = DynamoHandler.call_action
_turn = threading.Lock()


@contextmanager
def in_process_aws() -> Iterator[None]:
    """Have boto3 talk to an empty AWS in this process; sessions and credentials stay as they are."""
    with (
        mock.patch.object(JSONSerializer, "_serialize_type_structure", _serialize),
        mock.patch.object(DynamoHandler, "call_action", _call_in_turn),
        mock.patch.object(DynamoDBBackend, "batch_execute_statement", _execute_batch),
        mock_aws(config={"core": {"reset_boto3_session": False, "mock_credentials": False}}),
    ):
        yield


def _call_in_turn(handler: DynamoHandler) -> Any:
    with _turn:
        return _called(handler)


def _execute_batch(backend: DynamoDBBackend, statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    def update(**arguments: Any) -> None:
        try:
            backend.update_item(
                table_name=arguments["TableName"],
                key=arguments["Key"],
                update_expression=arguments["UpdateExpression"],
                expression_attribute_names=arguments["ExpressionAttributeNames"],
                expression_attribute_values=arguments["ExpressionAttributeValues"],
                condition_expression=arguments["ConditionExpression"],
            )
        except ConditionalCheckFailed as error:
            answer: Any = {"Error": {"Code": "ConditionalCheckFailedException"}}
            raise ClientError(answer, "UpdateItem") from error
        except DynamodbException as error:
            raise ClientError({"Error": {"Code": "ValidationException"}}, "UpdateItem") from error

    return partiql.execute_batch(statements, update)


def _serialize(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    if shape.name != "AttributeValue" or not isinstance(value, dict):
        _as_moto_does(serializer, serialized, value, shape, key)
        return
    found: dict[str, Any] = {}
    serialized[key] = found
    for kind, held in value.items():
        serializer._serialize(found, held, shape.members[kind], kind)
