"""One local stack for all of these tests, with functions of their own."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from local_aws.code import pack
from local_aws.stack import LocalStack, running_stack
from tests.local_aws.consumers import Consume, Consumer, Notes

# The functions of template.yaml, each appending what it got to a file beside its code's folder of origin.
NOTE_TAKER = """
import json, os, sys
import aws_lambda_powertools, phonenumbers, urllib3
import kobo_sms

def handle(event, context):
    note = {{"event": event, "environment": dict(os.environ), "python": sys.prefix, "kobo_sms": kobo_sms.__file__}}
    with open({notes!r}, "a") as file:
        file.write(json.dumps(note) + "\\n")
"""


@pytest.fixture(scope="package")
def function_notes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Notes]:
    folder = tmp_path_factory.mktemp("notes")
    return {
        name: Notes(folder / f"{name}.jsonl") for name in ("send_sms", "check_credit", "poll_reports", "publish_status")
    }


@pytest.fixture(scope="package")
def code(tmp_path_factory: pytest.TempPathFactory, function_notes: dict[str, Notes]) -> Path:
    folder = tmp_path_factory.mktemp("code")
    for name, notes in function_notes.items():
        (folder / name).mkdir()
        (folder / name / "__init__.py").touch()
        (folder / name / "handler.py").write_text(NOTE_TAKER.format(notes=str(notes.path)))
    (folder / "kobo_sms").mkdir()
    (folder / "kobo_sms" / "__init__.py").touch()
    return folder


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory, code: Path) -> Iterator[LocalStack]:
    with running_stack(code=code, every=0.5, directory=tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="package")
def sqs_role(stack: LocalStack) -> str:
    """The ARN of a role that may do anything with queues and nothing else."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    allowed = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    created = stack.clients.iam.create_role(RoleName="sqs-only", AssumeRolePolicyDocument=_policy(trust))
    stack.clients.iam.put_role_policy(RoleName="sqs-only", PolicyName="sqs", PolicyDocument=_policy(allowed))
    return str(created["Role"]["Arn"])


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def consume(stack: LocalStack, sqs_role: str, tmp_path: Path) -> Consume:
    """Make a consumer whose handler is `handle(record, note)`, called a record; it may return True for "failed"."""

    def make(source: str, visibility: int = 30, **mapping: Any) -> Consumer:
        name, notes = f"consumer-{uuid4().hex[:8]}", Notes(tmp_path / f"{uuid4().hex}.jsonl")
        _function(stack, name, sqs_role, source, notes, tmp_path / name)
        attributes = {"VisibilityTimeout": str(visibility)}
        queue_url = stack.clients.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]
        created = stack.clients.functions.create_event_source_mapping(
            EventSourceArn=f"arn:aws:sqs:eu-west-1:000000000000:{name}",
            FunctionName=name,
            FunctionResponseTypes=["ReportBatchItemFailures"],
            **mapping,
        )
        return Consumer(stack, queue_url, created["UUID"], notes)

    return make


def _function(stack: LocalStack, name: str, role: str, source: str, notes: Notes, folder: Path) -> None:
    folder.mkdir()
    (folder / "records.py").write_text(source)
    (folder / "handler.py").write_text(f"""
import json, time
from records import handle as handle_record

def note(**values):
    with open({str(notes.path)!r}, "a") as file:
        file.write(json.dumps({{"at": time.time(), **values}}) + "\\n")

def handle(event, context):
    failed = [record["messageId"] for record in event["Records"] if handle_record(record, note)]
    return {{"batchItemFailures": [{{"itemIdentifier": identifier}} for identifier in failed]}}
""")
    stack.clients.functions.create_function(
        FunctionName=name,
        Handler="handler.handle",
        Runtime="python3.13",
        Role=role,
        Timeout=20,
        Code={"ZipFile": pack(folder)},
    )
