"""What we rely on of DynamoDB: one winner, its item shown to the losers, transactions all or nothing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from kobo_sms.aws.statements import execute, insert, update
from local_aws.stack import LocalStack
from tests.statement_contract import check_statements

ROUNDS, THREADS = 20, 16
LOST = {"ConditionalCheckFailedException", "TransactionCanceledException"}


@pytest.fixture
def table(stack: LocalStack) -> str:
    return stack.environment["KOBO_TABLE"]


def _attempt(write: Callable[[str, int], Any], key: str, number: int) -> bool:
    try:
        write(key, number)
    except ClientError as error:
        if error.response["Error"]["Code"] not in LOST:
            raise
        return False
    return True


def _wins(write: Callable[[str, int], Any]) -> list[int]:
    """How many of the threads that wrote at once won, for each round."""
    with ThreadPoolExecutor(THREADS) as pool:
        return [sum(pool.map(partial(_attempt, write, str(uuid4())), range(THREADS))) for _ in range(ROUNDS)]


def test_one_of_sixteen_threads_wins_a_conditional_put(stack: LocalStack, table: str) -> None:
    def claim(key: str, number: int) -> None:
        stack.clients.dynamodb.put_item(
            TableName=table,
            Item={"id": {"S": key}, "part": {"S": "0"}, "owner": {"N": str(number)}},
            ConditionExpression="attribute_not_exists(id)",
        )

    assert _wins(claim) == [1] * ROUNDS


def test_one_of_sixteen_threads_wins_a_conditional_update(stack: LocalStack, table: str) -> None:
    def lease(key: str, number: int) -> None:
        stack.clients.dynamodb.update_item(
            TableName=table,
            Key={"id": {"S": key}, "part": {"S": "0"}},
            UpdateExpression="SET lease = :until",
            ConditionExpression="attribute_not_exists(lease) OR lease < :now",
            ExpressionAttributeValues={":until": {"N": "100"}, ":now": {"N": "50"}},
        )

    assert _wins(lease) == [1] * ROUNDS


def test_one_of_sixteen_threads_wins_a_transaction_and_only_its_writes_are_there(stack: LocalStack, table: str) -> None:
    def split(key: str, number: int) -> None:
        stack.clients.dynamodb.transact_write_items(
            TransactItems=[
                {
                    "Put": {
                        "TableName": table,
                        "Item": {"id": {"S": key}, "part": {"S": part}, "owner": {"N": str(number)}},
                        "ConditionExpression": "attribute_not_exists(id)",
                    }
                }
                for part in ("0.0", "0.1")
            ]
        )

    assert _wins(split) == [1] * ROUNDS


def test_a_transaction_with_a_failed_condition_writes_nothing_and_says_which(stack: LocalStack, table: str) -> None:
    key, taken = str(uuid4()), {"id": {"S": "taken"}, "part": {"S": str(uuid4())}}
    stack.clients.dynamodb.put_item(TableName=table, Item=taken)
    new = {"id": {"S": key}, "part": {"S": "0"}}
    with pytest.raises(stack.clients.dynamodb.exceptions.TransactionCanceledException) as caught:
        stack.clients.dynamodb.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": table, "Item": new}},
                {
                    "Put": {
                        "TableName": table,
                        "Item": taken,
                        "ConditionExpression": "attribute_not_exists(id)",
                        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    }
                },
            ]
        )
    reasons = caught.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
    assert reasons[1]["Item"] == taken
    assert "Item" not in stack.clients.dynamodb.get_item(TableName=table, Key=new, ConsistentRead=True)


def test_the_loser_of_a_conditional_write_is_shown_the_item(stack: LocalStack, table: str) -> None:
    key, item = {"id": {"S": str(uuid4())}, "part": {"S": "0"}}, {"state": {"S": "sent"}}
    stack.clients.dynamodb.put_item(TableName=table, Item=key | item)
    with pytest.raises(stack.clients.dynamodb.exceptions.ConditionalCheckFailedException) as put:
        stack.clients.dynamodb.put_item(
            TableName=table,
            Item=key,
            ConditionExpression="attribute_not_exists(id)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    with pytest.raises(stack.clients.dynamodb.exceptions.ConditionalCheckFailedException) as update:
        stack.clients.dynamodb.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET lease = :one",
            ConditionExpression="attribute_not_exists(id)",
            ExpressionAttributeValues={":one": {"N": "1"}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert [failure.value.response["Item"] for failure in (put, update)] == [key | item] * 2  # type: ignore[typeddict-item]


def test_only_items_with_the_index_keys_are_in_the_index(stack: LocalStack, table: str) -> None:
    shard, identifier = uuid4().hex, str(uuid4())
    waiting = {"due_shard": {"S": shard}, "due_at": {"N": "5"}}
    for part, more in {"0.0": waiting, "0.1": {}}.items():
        item = {"id": {"S": identifier}, "part": {"S": part}, **more}
        stack.clients.dynamodb.put_item(TableName=table, Item=item)
    found = stack.clients.dynamodb.query(
        TableName=table,
        IndexName="due",
        KeyConditionExpression="due_shard = :shard AND due_at <= :now",
        ExpressionAttributeValues={":shard": {"S": shard}, ":now": {"N": "9"}},
    )["Items"]
    assert [item["part"]["S"] for item in found] == ["0.0"]


def test_the_table_carries_out_statements_as_dynamodb_does(stack: LocalStack, table: str) -> None:
    check_statements(stack.clients.dynamodb, table, str(uuid4()))


def test_one_of_sixteen_threads_wins_a_statement(stack: LocalStack, table: str) -> None:
    def claim(key: str, number: int) -> bool:
        statement = insert(table, {"id": key, "part": "0", "owner": number})
        return execute(stack.clients.dynamodb, [statement]) == [None]

    with ThreadPoolExecutor(THREADS) as pool:
        wins = [sum(pool.map(partial(claim, str(uuid4())), range(THREADS))) for _ in range(ROUNDS)]
    assert wins == [1] * ROUNDS


def test_what_statements_write_is_told_to_the_stream(stack: LocalStack, table: str) -> None:
    key: dict[str, Any] = {"id": str(uuid4()), "part": "0"}
    client, streams = stack.clients.dynamodb, stack.clients.make("dynamodbstreams")
    refused = update(table, key, {"state": "never"}, where={"state": "other"})
    for statement in (insert(table, key), update(table, key, {"state": "sent"}, where={}), refused):
        execute(client, [statement])
    arn = client.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    begin = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
    told = streams.get_records(ShardIterator=begin["ShardIterator"])["Records"]
    ours = [each for each in told if each["dynamodb"]["Keys"]["id"]["S"] == key["id"]]
    assert [each["eventName"] for each in ours] == ["INSERT", "MODIFY"]
    images = [(each["dynamodb"].get("OldImage", {}), each["dynamodb"]["NewImage"]) for each in ours]
    assert [("state" in old, new.get("state")) for old, new in images] == [(False, None), (False, {"S": "sent"})]
