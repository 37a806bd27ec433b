"""The producers of docs/producers.md, run as they stand there, with the permissions that they are told to have."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError

from kobo_cli.connection import local_connection
from kobo_cli.reports.request import build
from kobo_sms.messages.request import parse
from local_aws.stack import LocalStack
from mock_kobo.control_client import MockControl
from tests.doc_blocks import ROOT, blocks
from tests.end_to_end.refusing_sqs import RefusingSqs, serving
from tests.end_to_end.shell import run_in_shell
from tests.end_to_end.shop import wait_until

PAGE = "docs/producers.md"
HOPELESS = [{"id": f"hopeless-{at}", "to": "+2348030104999", "msg": "Hello"} for at in range(2)]


@pytest.fixture(scope="module")
def keys(stack: LocalStack) -> dict[str, str]:
    """The keys of a user that has the producers' policy and no other."""
    iam = stack.clients.iam
    iam.create_user(UserName="producer")
    iam.attach_user_policy(UserName="producer", PolicyArn=stack.environment["KOBO_PRODUCER_POLICY_ARN"])
    key = iam.create_access_key(UserName="producer")["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def client(stack: LocalStack, keys: Mapping[str, str], service: str) -> Any:
    session: Any = boto3.Session(
        keys["AWS_ACCESS_KEY_ID"],
        keys["AWS_SECRET_ACCESS_KEY"],
        region_name=stack.environment["AWS_DEFAULT_REGION"],
    )
    return session.client(service, endpoint_url=stack.environment["AWS_ENDPOINT_URL"])


@pytest.fixture
def sqs(stack: LocalStack, keys: dict[str, str]) -> RefusingSqs:
    return RefusingSqs(client(stack, keys, "sqs"))


@pytest.fixture
def environment(stack: LocalStack, keys: dict[str, str], sqs: RefusingSqs) -> Iterator[dict[str, str]]:
    """What a producer is configured with."""
    with serving(sqs) as url:
        urls = {
            name: urlsplit(value)._replace(netloc=urlsplit(url).netloc).geturl()
            for name, value in stack.environment.items()
            if name.endswith("QUEUE_URL")
        }
        yield {"AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": stack.environment["AWS_DEFAULT_REGION"], **keys, **urls}


@pytest.fixture(scope="module")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the SDK for JavaScript, in the pinned versions."""
    if not (shutil.which("node") and shutil.which("npm")):
        _do_without("there are no node and npm")
    folder = tmp_path_factory.mktemp("javascript")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / "requirements" / "javascript" / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    installed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if installed.returncode:
        _do_without(f"npm ci failed: {installed.stderr}")
    return folder


def _do_without(reason: str) -> None:
    """Fail in CI, else skip the test, with the reason."""
    told = f"the JavaScript of docs/producers.md cannot be run: {reason}"
    pytest.fail(told) if os.environ.get("CI") else pytest.skip(told)


def arrived(stack: LocalStack, ids: list[str]) -> Counter[str]:
    """Wait until each request is sent and no copy waits, and count the texts to each number."""
    connection = local_connection(stack.environment)

    def statuses() -> list[dict[str, Any]]:
        found = [connection.items_of(request_id) for request_id in ids]
        return [build(items) for items in found if items]

    wait_until(lambda: [s for s in statuses() if {*s["counts"]} <= {"sent", "delivered"}][len(ids) - 1 :], "the texts")
    wait_until(lambda: not connection.waiting("bulk"), "the copies")
    assert all(status["reference"] for status in statuses())
    # Other tests text the same numbers on this stack. What is sensitive goes to a number of its own.
    texts = [(build(items), items[0].get("text")) for items in map(connection.items_of, ids)]
    wanted = {(each["to"], text) for status, text in texts for each in status["recipients"]}
    with MockControl(str(stack.mock_url)) as mock:
        sent = [(message["to"], message["msg"]) for message in mock.messages]
    return Counter(to for to, text in sent if not wanted.isdisjoint({(to, text), (to, None)}))


def check_batches(sqs: RefusingSqs, ids: list[str]) -> None:
    """See that requests are complete, at most ten a call, and that what was refused comes again and nothing else."""
    for batch in sqs.batches:
        assert 1 <= len(batch) <= 10
        for each in batch:
            request = parse(json.dumps(each), region="NG", default_id="")
            assert request.id == each["id"]
            assert request.reference
            assert request.expires_at
    assert [[each["id"] for each in batch] for batch in sqs.batches] == [ids[:10], ids[9:10], ids[10:], ids[-1:]]


def test_python(
    stack: LocalStack, sqs: RefusingSqs, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    define, use = blocks(PAGE, "Python", "python")
    names: dict[str, Any] = {}
    exec(define, names)
    exec(use, names)
    ids = [f"invoice-{number}-due" for number in range(100, 112)]
    assert names["refused"] == []
    check_batches(sqs, ids)
    # A producer that died before it had noted what it did does it again.
    exec(use, names)
    assert set(arrived(stack, ids).values()) == {1}
    assert names["queue_requests"](environment["KOBO_BULK_QUEUE_URL"], HOPELESS) == HOPELESS


def test_javascript(stack: LocalStack, sqs: RefusingSqs, environment: dict[str, str], node_modules: Path) -> None:
    define, use = blocks(PAGE, "JavaScript", "javascript")
    region = environment["AWS_DEFAULT_REGION"]
    more = f"await queueRequests(process.env.KOBO_BULK_QUEUE_URL, {json.dumps(HOPELESS)})"
    (node_modules / "producer.mjs").write_text(f"{define}{use}console.log(JSON.stringify([refused, {more}]));")
    ran = subprocess.run(
        ["node", "producer.mjs"],
        cwd=node_modules,
        # The SDK warns of versions of Node.js that it will leave behind some day.
        env={"PATH": os.environ["PATH"], "NODE_NO_WARNINGS": "1", "AWS_REGION": region, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout) == [[], HOPELESS]
    ids = [f"parcel-{number}-ready" for number in range(200, 212)]
    assert sqs.batches.pop() == HOPELESS
    check_batches(sqs, ids)
    assert set(arrived(stack, ids).values()) == {1}


def test_aws_cli(stack: LocalStack, sqs: RefusingSqs, environment: dict[str, str], tmp_path: Path) -> None:
    one, ten = blocks(PAGE, "AWS CLI", "bash")
    run_in_shell(one + ten, environment, tmp_path)
    ids = ["order-2291-packed", "order-2292-packed"]
    assert [[each["id"] for each in batch] for batch in sqs.batches] == [ids, ids]
    assert all(each["reference"] and each["expires_at"] for batch in sqs.batches for each in batch)
    assert set(arrived(stack, ["login-7f3a", *ids]).values()) == {1}


def test_readme(stack: LocalStack) -> None:
    (command, *_) = blocks("README.md", "Publish", "bash")
    run_in_shell(command, stack.environment, ROOT)
    assert set(arrived(stack, ["order-2291-shipped"]).values()) == {1}


def test_a_producer_may_do_nothing_else(stack: LocalStack, keys: dict[str, str]) -> None:
    sqs, environment = client(stack, keys, "sqs"), stack.environment
    queue = environment["KOBO_PRIORITY_QUEUE_URL"]
    forbidden: list[Callable[[], Any]] = [
        lambda: sqs.receive_message(QueueUrl=queue),
        lambda: sqs.purge_queue(QueueUrl=queue),
        lambda: sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"]),
        lambda: sqs.send_message(QueueUrl=environment["KOBO_DEAD_LETTER_QUEUE_URL"], MessageBody="{}"),
        lambda: client(stack, keys, "dynamodb").scan(TableName=environment["KOBO_TABLE"]),
        lambda: client(stack, keys, "secretsmanager").get_secret_value(SecretId=environment["KOBO_SECRET_ARN"]),
    ]
    for call in forbidden:
        with pytest.raises(ClientError, match=r"not authorized|AccessDenied"):
            call()
