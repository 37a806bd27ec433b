"""An AWS in the test's process: moto, made twice as fast without a different answer, and one that takes turns.

moto asks of every value that it returns for each of DynamoDB's ten types, by up to four names; a value has one. It
compares and then writes, and lets other threads in between; DynamoDB does each call as a whole.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from moto import mock_aws
from moto.core.serialize import JSONSerializer
from moto.dynamodb.responses import DynamoHandler

_as_moto_does: Callable[..., None] = JSONSerializer._serialize_type_structure
_called: Callable[..., Any] = DynamoHandler.call_action
_turn = threading.Lock()


@contextmanager
def in_process_aws() -> Iterator[None]:
    """Have boto3 talk to an empty AWS in this process; sessions and credentials stay as they are."""
    with (
        mock.patch.object(JSONSerializer, "_serialize_type_structure", _serialize),
        mock.patch.object(DynamoHandler, "call_action", _call_in_turn),
        mock_aws(config={"core": {"reset_boto3_session": False, "mock_credentials": False}}),
    ):
        yield


def _call_in_turn(handler: DynamoHandler) -> Any:
    with _turn:
        return _called(handler)


def _serialize(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    if shape.name != "AttributeValue" or not isinstance(value, dict):
        _as_moto_does(serializer, serialized, value, shape, key)
        return
    found: dict[str, Any] = {}
    serialized[key] = found
    for kind, held in value.items():
        serializer._serialize(found, held, shape.members[kind], kind)
