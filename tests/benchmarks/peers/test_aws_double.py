"""The AWS of `make bench` is a DynamoDB: the same random calls give the same results as elsewhere.

What it has of the simulation's it is held to that, which test_store_contract.py holds to moto; the rest to moto.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from benchmarks.peers.aws_double import IDEMPOTENCY
from kobo_sms.aws.statements import send_as_encoded
from tests.robustness.simulation.dynamodb import FakeDynamoDB, calm
from tests.robustness.simulation.test_store_contract import Caller, CheckCaller
from tests.statement_contract import check_statements

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from benchmarks.peers.double_process import DoubleProcess


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")


def client_of(double: DoubleProcess) -> DynamoDBClient:
    config = Config(proxies={}, retries={"total_max_attempts": 1})
    return boto3.session.Session(region_name="eu-west-1").client("dynamodb", endpoint_url=double.url, config=config)


@pytest.mark.parametrize("caller", [Caller, CheckCaller])
def test_it_keeps_our_table_as_dynamodb_does(
    caller: type[Caller] | type[CheckCaller], aws_double: DoubleProcess
) -> None:
    on_double, in_memory = caller(client_of(aws_double), 1), caller(FakeDynamoDB(calm()), 1)
    for _ in range(100):
        assert on_double.step() == in_memory.step()


def test_it_carries_out_statements_as_dynamodb_does(aws_double: DoubleProcess) -> None:
    check_statements(send_as_encoded(client_of(aws_double)), "messages", "double")


class IdempotencyCaller:
    """Makes the calls of Powertools' idempotency utility, in any order; conditions and names as it writes them."""

    def __init__(self, client: Any, seed: int) -> None:
        self._client, self._rng = client, random.Random(seed)

    def step(self) -> object:
        step = self._rng.choice((self._put, self._put, self._update, self._delete, self._get))
        return step({"id": {"S": self._rng.choice("abc")}})

    def _put(self, key: dict[str, Any]) -> object:
        status, expires, now = self._rng.choice(("INPROGRESS", "COMPLETED")), *self._rng.sample(range(9), 2)
        item = key | {"status": {"S": status}, "expiration": {"N": str(expires)}}
        if self._rng.random() < 0.5:
            item["in_progress_expiration"] = {"N": str(self._rng.randrange(9))}
        told = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"} if self._rng.random() < 0.5 else {}
        try:
            self._client.put_item(
                TableName=IDEMPOTENCY,
                Item=item,
                ConditionExpression="attribute_not_exists(#id) OR #expiry < :now OR (#status = :inprogress"
                " AND attribute_exists(#in_progress_expiry) AND #in_progress_expiry < :now_in_millis)",
                ExpressionAttributeNames={
                    "#id": "id",
                    "#expiry": "expiration",
                    "#in_progress_expiry": "in_progress_expiration",
                    "#status": "status",
                },
                ExpressionAttributeValues={
                    ":now": {"N": str(now)},
                    ":now_in_millis": {"N": str(now)},
                    ":inprogress": {"S": "INPROGRESS"},
                },
                **told,
            )
        except ClientError as error:
            return error.response["Error"]["Code"], _shown(cast("Any", error.response))
        return "put"

    def _update(self, key: dict[str, Any]) -> object:
        self._client.update_item(
            TableName=IDEMPOTENCY,
            Key=key,
            UpdateExpression="SET #status = :status, #expiry = :expiry",
            ExpressionAttributeNames={"#status": "status", "#expiry": "expiration"},
            ExpressionAttributeValues={":status": {"S": "COMPLETED"}, ":expiry": {"N": str(self._rng.randrange(9))}},
        )
        return "updated"

    def _delete(self, key: dict[str, Any]) -> object:
        self._client.delete_item(TableName=IDEMPOTENCY, Key=key)
        return "deleted"

    def _get(self, key: dict[str, Any]) -> object:
        return _shown(self._client.get_item(TableName=IDEMPOTENCY, Key=key, ConsistentRead=True))


def _shown(answer: dict[str, Any]) -> object:
    # The double gives an item of this table a sort key that it does not have.
    return {name: value for name, value in answer.get("Item", {}).items() if name != "part"}


def test_it_keeps_the_usual_lambdas_table_as_dynamodb_does(aws_double: DoubleProcess, moto: DynamoDBClient) -> None:
    moto.create_table(
        TableName=IDEMPOTENCY,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    on_double, on_moto = IdempotencyCaller(client_of(aws_double), 1), IdempotencyCaller(moto, 1)
    found = [(on_double.step(), on_moto.step()) for _ in range(200)]
    assert [ours for ours, _ in found] == [motos for _, motos in found]


def test_it_counts_what_dynamodb_would_bill(aws_double: DoubleProcess) -> None:
    client, key = client_of(aws_double), {"id": {"S": "a"}, "part": {"S": "0"}}
    # Two kB, and into the index `due`; then a refused write of two kB.
    client.put_item(
        TableName="messages", Item=key | {"due_shard": {"S": "0"}, "due_at": {"N": "1"}, "text": {"S": "x" * 1500}}
    )
    with pytest.raises(ClientError):
        client.put_item(TableName="messages", Item={**key}, ConditionExpression="attribute_not_exists(id)")
    told = aws_double.ask("/_double/count")
    assert told == {"calls": {"PutItem": 2}, "write_units": 3 + 2}
