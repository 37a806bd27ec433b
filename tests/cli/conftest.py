"""A stack on an AWS in process (moto), with the readings and the valve that check_credit would leave."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from kobo_cli.connection import Connection, connect
from kobo_cli.main import main
from kobo_sms.aws.dynamodb import encode
from kobo_sms.messages.quiet_hours import QuietPeriod
from kobo_sms.valve.rules import Finding, decide
from kobo_sms.valve.store import ValveStore
from local_aws import environment
from local_aws.processes import lock
from tests.in_process_aws import in_process_aws, made_once
from tests.integration.template import Template

_TABLE = ("AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema")
_LOGIN = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "eu-west-1"}


@dataclass
class Deployed:
    """The stack: what tests put into it, and the command to look at it."""

    connection: Connection

    def put(self, **item: Any) -> None:
        self.connection.dynamodb.put_item(TableName=self.connection.variables["KOBO_TABLE"], Item=encode(item))

    def run(self, *arguments: str, charset: str = "utf-8") -> Result:
        return CliRunner(charset=charset).invoke(main, arguments)

    def json(self, *arguments: str) -> Any:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    def send(self, lane: str, messages: int = 1) -> None:
        for _ in range(messages):
            self.connection.sqs.send_message(QueueUrl=self.connection.queue_url(lane), MessageBody="{}")

    @contextmanager
    def check_credit_running(self, now: Callable[[], float], quiet: QuietPeriod | None = None) -> Iterator[None]:
        """Act upon orders all the time, as check_credit does when it is prompted."""
        store = ValveStore(self.connection.dynamodb, self.connection.variables["KOBO_TABLE"])
        done = threading.Event()

        def check() -> None:
            known = store.read()
            after = decide(known.valve, known.window, Finding(None, Decimal(5000)), now(), quiet)
            if after != known.valve:
                store.write(after, known.version)

        def act() -> None:
            while not done.wait(0.05):
                check()

        if quiet is not None:
            # What the hour asks for was done before any order came.
            check()
        thread = threading.Thread(target=act)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Deployed]:
    """Yield a stack that commands take for the local one: its local.env names no endpoint, so moto answers."""
    monkeypatch.chdir(tmp_path)
    for name, value in _LOGIN.items():
        monkeypatch.setenv(name, value)
    directory = Path(".kobo")
    directory.mkdir()
    with in_process_aws(), lock.held(directory):
        environment.write(directory, _LOGIN | made_once(_make_resources))
        yield Deployed(connect(None, local=True))


def _make_resources() -> dict[str, str]:
    sqs = boto3.client("sqs")
    asked = Template({}, {}).properties("Messages")
    boto3.client("dynamodb").create_table(TableName="messages", **{name: asked[name] for name in _TABLE})
    region: Any = {"LocationConstraint": _LOGIN["AWS_DEFAULT_REGION"]}
    boto3.client("s3").create_bucket(Bucket="campaigns", CreateBucketConfiguration=region)
    urls = {lane: sqs.create_queue(QueueName=lane)["QueueUrl"] for lane in ("priority", "bulk")}
    return {
        "KOBO_TABLE": "messages",
        "KOBO_CAMPAIGNS_BUCKET": "campaigns",
        "KOBO_KEEP_RECORDS_DAYS": "30",
        "KOBO_TIME_ZONE": "Africa/Lagos",
        "KOBO_DEFAULT_REGION": "NG",
        **{f"KOBO_{lane.upper()}_QUEUE_URL": url for lane, url in urls.items()},
    }
