"""An AWS in the test's process: moto, made twice as fast without a different answer, and one that takes turns.

moto asks of every value that it returns for each of DynamoDB's ten types, by up to four names; a value has one. It
compares and then writes, and lets other threads in between; DynamoDB does each call as a whole. moto carries out
PartiQL without its conditions. It prepares to answer the library `requests`, through which nobody here asks AWS,
it validates each part of an update with all that is in it, though the whole holds them all, and it makes each
subscription of a topic an RSA key of its own to sign messages with.
"""

from __future__ import annotations

import copyreg
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from functools import cache
from typing import Any, TypeVar
from unittest import mock

import moto.core.responses
import moto.sqs.models
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.backends import get_backend
from moto.core.base_backend import BackendDict
from moto.core.models import MockAWS, botocore_stubber
from moto.core.serialize import JSONSerializer
from moto.core.utils import camelcase_to_underscores
from moto.dynamodb.exceptions import ConditionalCheckFailed, DynamodbException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.parsing.validators import ActionCountValidator, OverlappingPathsValidator
from moto.dynamodb.responses import DynamoHandler
from moto.sns.models import Subscription

from tests import partiql

T = TypeVar("T")

_as_moto_does: Callable[..., None] = JSONSerializer._serialize_type_structure
_key_of: Callable[..., Any] = Subscription.private_key
_called: Callable[..., Any] = DynamoHandler.call_action
_turn = threading.Lock()
# Where a backend of moto's is to be found: its service, account and region.
_Place = tuple[str, str, str]
# By who made it: what it returned, which backends moto had then, and what they held.
_made: dict[Callable[..., Any], tuple[Any, dict[_Place, Any], dict[_Place, dict[str, Any]]]] = {}
# A copy of a queue gets a condition of its own to wait for.
copyreg.pickle(threading.Condition, lambda _: (threading.Condition, ()))


@contextmanager
def in_process_aws() -> Iterator[None]:
    """Have boto3 talk to an empty AWS in this process; sessions and credentials stay as they are."""
    underscored = cache(camelcase_to_underscores)
    with ExitStack() as stack:
        for of, name, ours in (
            (JSONSerializer, "_serialize_type_structure", _serialize),
            (DynamoHandler, "call_action", _call_in_turn),
            (DynamoDBBackend, "batch_execute_statement", _execute_batch),
            (MockAWS, "_enable_patching", _answer_botocore),
            (ActionCountValidator, "traverse", ActionCountValidator.verify_action_counts),
            (OverlappingPathsValidator, "traverse", OverlappingPathsValidator.check_for_overlapping_paths),
            (Subscription, "private_key", _private_key),
            (moto.sqs.models, "camelcase_to_underscores", underscored),
            (moto.core.responses, "camelcase_to_underscores", underscored),
        ):
            stack.enter_context(mock.patch.object(of, name, ours))
        stack.enter_context(mock_aws(config={"core": {"reset_boto3_session": False, "mock_credentials": False}}))
        yield


def made_once(make: Callable[..., T], *arguments: Any) -> T:
    """Have `make` fill the empty AWS and return what it returns; the next time, both are copies of what it made first.

    What it makes is the same whatever the arguments.
    """
    if make not in _made:
        returned, backends = make(*arguments), _backends()
        # What refers to a backend shall refer to the one that then takes its place.
        themselves = {id(each): each for each in backends.values()}
        held = deepcopy({place: vars(each) for place, each in backends.items()}, themselves)
        _made[make] = deepcopy(returned), backends, held
        return returned
    returned, then, held = _made[make]
    now = {place: _backend(*place) for place in then}
    for place, state in deepcopy(held, {id(each): now[place] for place, each in then.items()}).items():
        vars(now[place]).update(state)
    return deepcopy(returned)


def _backends() -> dict[_Place, Any]:
    services: Any = BackendDict
    return {
        (service.service_name, account, region): backend
        for service in services._instances
        for account, regions in service.items()
        for region, backend in regions.items()
    }


def _backend(service: str, account: str, region: str) -> Any:
    backends: Any = get_backend(service)  # type: ignore[call-overload]
    return backends[account][region]


def _answer_botocore(aws: Any, reset: bool = True) -> None:
    botocore_stubber.enabled = True
    if reset:
        aws.reset()


def _private_key(_: Subscription) -> Any:
    # moto keeps the key of whoever asked for one.
    return _key_of(None)


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
