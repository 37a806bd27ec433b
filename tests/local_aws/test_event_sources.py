"""What we rely on of event source mappings, held against the engine in use."""

import time
from collections import Counter

from local_aws.stack import LocalStack
from tests.local_aws.consumers import Consume, until

TAKE_NOTE = """
def handle(record, note):
    note(body=record["body"])
"""


def test_no_more_invocations_at_once_than_maximum_concurrency(consume: Consume) -> None:
    slow = """
import time
def handle(record, note):
    start = time.time()
    time.sleep(0.4)
    note(start=start)
"""
    consumer = consume(slow, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
    consumer.send([str(number) for number in range(8)])
    spans = [(note["start"], note["at"]) for note in consumer.notes.at_least(8)]
    at_once = [sum(start <= moment < end for start, end in spans) for moment, _ in spans]
    assert max(at_once) == 2


def test_only_the_records_reported_as_failed_come_back(consume: Consume) -> None:
    fail_bad_once = """
def handle(record, note):
    note(body=record["body"])
    return record["body"].startswith("bad") and record["attributes"]["ApproximateReceiveCount"] == "1"
"""
    # Far longer than a cold start on a busy machine: else SQS rightly hands a record out while it is being handled.
    consumer = consume(fail_bad_once, visibility=8, BatchSize=10)
    consumer.send(["good 1", "bad 1", "good 2", "bad 2", "good 3"])
    until(lambda: consumer.waiting() == 0)
    handled = Counter(note["body"] for note in consumer.notes.read())
    assert handled == {"good 1": 1, "good 2": 1, "good 3": 1, "bad 1": 2, "bad 2": 2}


def test_failed_record_comes_back_when_its_visibility_ends(consume: Consume) -> None:
    back_in_two_seconds = """
import os, boto3
def handle(record, note):
    note()
    if record["attributes"]["ApproximateReceiveCount"] != "1":
        return False
    name = record["eventSourceARN"].rpartition(":")[2]
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=record["receiptHandle"], VisibilityTimeout=2)
    note()
    return True
"""
    consumer = consume(back_in_two_seconds, visibility=30)
    consumer.send(["x"])
    _, set_at, back_at = (note["at"] for note in consumer.notes.at_least(3))
    assert 1.9 <= back_at - set_at < 4


def test_disabled_mapping_takes_nothing_until_enabled_again(consume: Consume) -> None:
    consumer, marker = consume(TAKE_NOTE), consume(TAKE_NOTE)
    consumer.send(["before"])
    consumer.notes.at_least(1)
    consumer.enable(False)
    consumer.send(["while disabled"] * 5)
    # Once this one has been taken, the poller has been at every queue since.
    for count in (1, 2):
        marker.send(["x"])
        marker.notes.at_least(count)
    assert len(consumer.notes.read()) == 1
    assert consumer.waiting() == 5
    consumer.enable(True)
    assert len(consumer.notes.at_least(6)) == 6


def test_mapping_disabled_in_mid_flow_finishes_what_it_has_and_loses_nothing(consume: Consume) -> None:
    slow = """
import time
def handle(record, note):
    time.sleep(0.1)
    note(body=record["body"])
"""
    consumer = consume(slow, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
    bodies = [str(number) for number in range(20)]
    consumer.send(bodies)
    consumer.notes.at_least(3)
    consumer.enable(False)
    until(lambda: len(consumer.notes.read()) + consumer.waiting() == 20)
    assert len(consumer.notes.read()) < 20
    consumer.enable(True)
    assert sorted(note["body"] for note in consumer.notes.at_least(20)) == sorted(bodies)


def test_handler_gets_message_attributes_and_the_time_of_sending(consume: Consume) -> None:
    consumer = consume("def handle(record, note):\n    note(record=record)\n")
    before = time.time()
    attribute = {"DataType": "String", "StringValue": "held-1"}
    consumer.send(["x"], MessageAttributes={"lane": attribute})
    record = consumer.notes.at_least(1)[0]["record"]
    assert record["messageAttributes"]["lane"]["stringValue"] == "held-1"
    assert record["messageAttributes"]["lane"]["dataType"] == "String"
    assert before - 1 <= int(record["attributes"]["SentTimestamp"]) / 1000 <= time.time()
    assert int(record["attributes"]["ApproximateFirstReceiveTimestamp"]) >= int(record["attributes"]["SentTimestamp"])


def test_handler_that_fails_as_a_whole_gets_all_its_records_again(consume: Consume) -> None:
    crash_once = """
def handle(record, note):
    note(body=record["body"])
    if record["attributes"]["ApproximateReceiveCount"] == "1":
        raise RuntimeError("crashed")
"""
    consumer = consume(crash_once, visibility=1)
    consumer.send(["x"])
    assert [note["body"] for note in consumer.notes.at_least(2)] == ["x", "x"]
    until(lambda: consumer.waiting() == 0)


def test_handler_may_do_what_its_role_allows_and_nothing_else(consume: Consume, stack: LocalStack) -> None:
    attempt_both = f"""
import boto3
def attempt(call, **arguments):
    try:
        call(**arguments)
        return "done"
    except Exception as error:
        return error.response["Error"]["Code"]

def handle(record, note):
    listed = attempt(boto3.client("sqs").list_queues)
    key = {{"id": {{"S": "x"}}, "part": {{"S": "0"}}}}
    read = attempt(boto3.client("dynamodb").get_item, TableName={stack.environment["KOBO_TABLE"]!r}, Key=key)
    note(listed=listed, read=read)
"""
    consumer = consume(attempt_both)
    consumer.send(["x"])
    note = consumer.notes.at_least(1)[0]
    assert (note["listed"], note["read"]) == ("done", "AccessDeniedException")
