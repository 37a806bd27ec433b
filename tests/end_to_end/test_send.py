"""One SMS from queue to delivered, asked for in each way there is."""

import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from kobo_cli.commands.send import wait_for
from kobo_cli.connection import local_connection
from kobo_cli.demo.examples import MAGIC
from local_aws.stack import LocalStack
from tests.end_to_end.conftest import Kobo

ENDS = [(number, answer, state) for number, answer, state in MAGIC if state not in ("held", "sent")]
WAITS = [(number, answer, state) for number, answer, state in MAGIC if state in ("held", "sent")]


def test_kobo_send_waits_until_it_is_delivered(kobo: Kobo) -> None:
    ran = kobo("send", "+2348030100000", "--msg", "Hello", "--from", "Testing", "--wait", "--json")
    assert ran.returncode == 0, ran.stderr
    status = json.loads(ran.stdout)
    assert (status["counts"], status["from"]) == ({"delivered": 1}, "Testing")
    assert json.loads(kobo("status", status["id"], "--json").stdout) == status


@pytest.mark.parametrize(("number", "answer", "state"), ENDS, ids=[answer for _, answer, _ in ENDS])
def test_each_magic_recipient_ends_as_its_answer_says(kobo: Kobo, number: str, answer: str, state: str) -> None:
    ran = kobo("send", number, "--msg", "Hello", "--wait", "--json")
    assert ran.returncode == 1, ran.stderr
    status = json.loads(ran.stdout)
    assert status["counts"] == {state: 1}
    assert answer in (status["recipients"][0]["report"] or status["parts"][0]["last_answer"])


@pytest.mark.parametrize(("number", "answer", "state"), WAITS, ids=[answer for _, answer, _ in WAITS])
def test_what_waits_says_for_what(kobo: Kobo, number: str, answer: str, state: str) -> None:
    ran = kobo("send", number, "--msg", "Hello", "--wait", "--timeout", "4s")
    assert ran.returncode == 1
    # Of what is held, an attempt may just be under way then.
    states = "held|sending" if state == "held" else state
    assert re.search(rf"kobo: still ({states}) after 4 s: ", ran.stderr)
    assert answer in ran.stdout


def test_one_bad_number_is_found_among_good_ones(kobo: Kobo) -> None:
    good = [f"234803010010{digit}" for digit in range(8)]
    ran = kobo("send", *good[:5], "2348030009002", *good[5:], "--msg", "Hello", "--wait", "--json")
    status = json.loads(ran.stdout)
    assert status["counts"] == {"delivered": 8, "rejected": 1}
    assert [each["to"] for each in status["recipients"] if each["state"] == "rejected"] == ["2348030009002"]
    assert {part["part"] for part in status["parts"] if part["state"] == "split"} > {"0"}


def test_a_json_request_put_on_the_queue_with_plain_boto3(stack: LocalStack) -> None:
    body = json.dumps({"id": "plain", "to": "0803 010 0009", "msg": "Hello"})
    stack.clients.sqs.send_message(QueueUrl=stack.environment["KOBO_PRIORITY_QUEUE_URL"], MessageBody=body)
    status = wait_for(local_connection(stack.environment), "plain", 60, Console(quiet=True))
    assert status["counts"] == {"delivered": 1}


def test_what_cannot_be_read_lies_in_the_dead_letter_queue_with_its_reason(stack: LocalStack) -> None:
    sqs, variables = stack.clients.sqs, stack.environment
    sqs.send_message(QueueUrl=variables["KOBO_BULK_QUEUE_URL"], MessageBody='{"to": "+2348030100001", "text": "Hi"}')
    wanted = {"text: unknown field", "msg: required"}
    # Others lie there too: what the magic recipients made fail.
    for _ in range(30):
        found = sqs.receive_message(
            QueueUrl=variables["KOBO_DEAD_LETTER_QUEUE_URL"],
            MessageAttributeNames=["All"],
            MaxNumberOfMessages=10,
            WaitTimeSeconds=5,
        ).get("Messages", [])
        reasons = [message["MessageAttributes"]["Reason"]["StringValue"] for message in found]
        if any(all(each in reason for each in wanted) for reason in reasons):
            return
    pytest.fail("it is not there")


def test_the_balance_is_kept(stack: LocalStack) -> None:
    items = local_connection(stack.environment).items_of("~credit")
    readings = [item for item in items if item["part"] != "state"]
    assert readings
    assert all(reading["balance"] >= 0 for reading in readings)


def test_the_readmes_way_to_publish_works_as_it_stands(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = (Path(__file__).parent.parent.parent / "README.md").read_text()
    for name, value in stack.environment.items():
        monkeypatch.setenv(name, value)
    exec(readme.split("```python\n")[1].split("```")[0], {})
    status = wait_for(local_connection(stack.environment), "order-2290-shipped", 60, Console(quiet=True))
    assert status["counts"] == {"delivered": 1}
