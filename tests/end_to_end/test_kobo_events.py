"""`kobo events --follow` as its user runs it: what it shows, and that it leaves nothing behind, however it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import IO, Any

import boto3
import pytest

from kobo_cli.events.leftovers import remove_leftovers
from kobo_cli.events.rule_and_queue import PREFIX, Clients
from kobo_cli.events.temporary_queue import temporary_queue
from kobo_sms.aws.event_bus import STATUS_CHANGED
from local_aws.stack import LocalStack
from tests.doc_blocks import blocks

Process = subprocess.Popen[str]
RULES = "arn:aws:events:*:*:rule/kobo-events-*"
COMMAND = [sys.executable, "-c", "from kobo_cli.main import main; main()", "events", "--follow"]


@pytest.fixture
def clients(stack: LocalStack) -> Clients:
    return Clients(stack.clients.sqs, stack.clients.events)


def names(clients: Clients) -> set[str]:
    """Return the names of all rules and queues of the command that there are."""
    urls = clients.sqs.list_queues(QueueNamePrefix=PREFIX).get("QueueUrls", [])
    rules = clients.events.list_rules(NamePrefix=PREFIX)["Rules"]
    return {url.rpartition("/")[2] for url in urls} | {rule["Name"] for rule in rules}


@contextmanager
def following(folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[Process]:
    """Run the command, and go on once it says that it follows."""
    process = subprocess.Popen(
        [*COMMAND, *options],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert pipe(process.stderr).readline() == "following the status events of kobo-sms; Ctrl-C ends it\n"
            yield process
        finally:
            process.kill()


def pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def send(stack: LocalStack, id_: str, number: str, reference: str) -> None:
    body = json.dumps({"id": id_, "to": number, "msg": "Hello", "reference": reference})
    stack.clients.sqs.send_message(QueueUrl=stack.environment["KOBO_PRIORITY_QUEUE_URL"], MessageBody=body)


def lines_until(process: Process, last: Callable[[str], bool]) -> list[str]:
    lines: list[str] = []
    for line in pipe(process.stdout):
        lines.append(line)
        if last(line):
            return lines
    raise AssertionError(f"it ended: {lines}")


def test_documents_of_a_prefix_come_one_a_line_until_ctrl_c(stack: LocalStack, folder: Path, clients: Clients) -> None:
    with following(folder, "--reference", "follow/", "--json") as process:
        assert len(names(clients)) == 1
        send(stack, "follow-other", "+2348030104500", "other/1")
        send(stack, "follow-1", "+2348030104501", "follow/1")
        documents = [json.loads(line) for line in lines_until(process, lambda line: "delivered" in line)]
        process.send_signal(signal.SIGINT)
        assert (process.wait(30), pipe(process.stderr).read()) == (0, "")
    assert {(each["id"], each["reference"]) for each in documents} == {("follow-1", "follow/1")}
    states = [recipient["state"] for each in documents for recipient in each["recipients"]]
    assert set(states) == {"sending", "sent", "delivered"}
    assert len({each["event_id"] for each in documents}) == len(documents)
    assert names(clients) == set()


def test_lines_for_people_until_nobody_reads_them(stack: LocalStack, folder: Path, clients: Clients) -> None:
    # As on AWS: found by the stack's name, with what the shell is set up for.
    with following(folder, "--stack", "kobo-sms", environment=stack.environment) as process:
        send(stack, "follow-2", "+2348030104502", "follow/2")
        *_, line = lines_until(process, lambda line: "follow-2" in line and "delivered" in line)
        pipe(process.stdout).close()
        send(stack, "follow-3", "+2348030104503", "follow/3")
        assert (process.wait(30), pipe(process.stderr).read()) == (0, "")
    assert line.endswith("Z  follow-2  2348030104502 delivered  (follow/2)\n")
    assert names(clients) == set()


def test_a_killed_run_is_cleared_up_after_once_it_is_dead_for_long(folder: Path, clients: Clients) -> None:
    with following(folder, "--json") as killed, following(folder, "--json") as stopped:
        assert len(names(clients)) == 2
        killed.kill()
        stopped.terminate()
        assert stopped.wait(30) == 0
    (left,) = names(clients)
    assert list(remove_leftovers(clients, time.time())) == []
    assert [each.name for each in remove_leftovers(clients, time.time() + 3600)] == [left]
    assert names(clients) == set()


def test_the_permissions_on_the_page_suffice(stack: LocalStack) -> None:
    (policy,) = blocks("docs/events.md", "Watch them", "json")
    iam = stack.clients.iam
    iam.create_user(UserName="watcher")
    iam.put_user_policy(UserName="watcher", PolicyName="watch", PolicyDocument=for_ministack(policy))
    key = iam.create_access_key(UserName="watcher")["AccessKey"]
    session: Any = boto3.Session(
        key["AccessKeyId"], key["SecretAccessKey"], region_name=stack.environment["AWS_DEFAULT_REGION"]
    )
    endpoint = stack.environment["AWS_ENDPOINT_URL"]
    made = Clients(*(session.client(service, endpoint_url=endpoint) for service in ("sqs", "events")))
    session.client("cloudformation", endpoint_url=endpoint).describe_stacks(StackName="kobo-sms")
    assert list(remove_leftovers(made, time.time())) == []
    with temporary_queue(made, "other", "x", time.time) as queue:
        (rule,) = stack.clients.events.list_rules(NamePrefix=PREFIX)["Rules"]
        assert fnmatch(rule["Arn"], RULES)
        detail = json.dumps({"event_id": "1", "reference": "x1"})
        entry = {"Source": "kobo-sms.other", "DetailType": STATUS_CHANGED, "Detail": detail}
        stack.clients.events.put_events(Entries=[entry])  # type: ignore[list-item]
        assert queue.take() == [{"event_id": "1", "reference": "x1"}]
        assert list(remove_leftovers(made, time.time())) == []
    assert names(Clients(stack.clients.sqs, stack.clients.events)) == set()


def for_ministack(policy: str) -> str:
    """MiniStack asks for the permission DeleteMessageBatch, and takes a rule for `*` or for one with its bus's name.

    AWS asks for DeleteMessage, and names a rule of the default bus by its own name alone.
    """
    batch = policy.replace('"sqs:DeleteMessage"', '"sqs:DeleteMessage", "sqs:DeleteMessageBatch"')
    assert f'"{RULES}"' in policy
    return batch.replace(RULES, "*")
