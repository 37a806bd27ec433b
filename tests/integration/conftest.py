"""An AWS in process (moto), made from template.yaml, in front of the live mock of KoboMobile."""

from __future__ import annotations

import inspect
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from kobo_sms.aws.dynamodb import decode, encode
from kobo_sms.composition import aws as composition_of_aws
from tests.in_process_aws import in_process_aws, made_once
from tests.integration.template import Template

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

    from mock_kobo.control_client import MockControl

SERVICES: dict[str, Any] = {
    "sqs": "sqs",
    "dynamodb": "dynamodb",
    "secrets": "secretsmanager",
    "sns": "sns",
    "functions": "lambda",
    "s3": "s3",
    "iam": "iam",
}
USER, PASSWORD = "shop@example.com", "correct-horse-7"
# Each text that a test sends holds this; nothing that is logged may.
PIN = "4711-2288"
LOGGABLE = re.compile(rf"(?!.*(\b234\d{{10}}\b|{PIN}|{PASSWORD}))", re.DOTALL)


@dataclass
class AwsCalls:
    """Every call of AWS that was made, as service and operation, with its parameters.

    `asked` has those that a function made, with the function's logical name before them; `sites` where in its code.
    """

    made: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    sites: set[tuple[str, str]] = field(default_factory=set)
    running: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        operation = f"{model.service_model.service_name}.{model.name}"
        with self.lock:
            self.made.append((operation, dict(params)))
            if self.running:
                self.asked.append((self.running[-1], operation, dict(params)))
                self.sites.add((_calling(), model.name))

    @contextmanager
    def by(self, function: str) -> Iterator[None]:
        """Note whatever is called in this context as called by a function; one may invoke another one."""
        self.running.append(function)
        try:
            yield
        finally:
            self.running.pop()

    def clear(self) -> None:
        self.made.clear()
        self.asked.clear()
        self.sites.clear()

    def of(self, operation: str) -> list[dict[str, Any]]:
        return [params for name, params in self.made if name == operation]

    @property
    def writes(self) -> int:
        """The items of the table that were asked to be written, each as often as it was."""
        statements = (len(params["Statements"]) for params in self.of("dynamodb.BatchExecuteStatement"))
        return len(self.of("dynamodb.UpdateItem")) + sum(statements)


def _calling() -> str:
    """Return the function or method of kobo_sms that is calling AWS."""
    frame = inspect.currentframe()
    while frame and not frame.f_globals.get("__name__", "").startswith("kobo_sms."):
        frame = frame.f_back
    assert frame is not None
    name = f"{frame.f_globals['__name__']}.{frame.f_code.co_qualname}"
    # A generator expression is part of the method around it.
    return name.removeprefix("kobo_sms.").partition(".<locals>")[0]


@dataclass
class Stack:
    """The resources of the template, and the clients of the test (which are not counted in `calls`)."""

    sqs: SQSClient
    dynamodb: DynamoDBClient
    secrets: SecretsManagerClient
    sns: SNSClient
    functions: LambdaClient
    s3: S3Client
    iam: Any
    calls: AwsCalls
    names: dict[str, str] = field(default_factory=dict)

    def environment(self, function: str, **parameters: str) -> dict[str, str]:
        return Template(parameters, self.names).environment(function)

    def set_login(self, user: str = USER, password: str = PASSWORD) -> None:
        self.set_secret(json.dumps({"user": user, "pass": password}))

    def set_secret(self, text: str) -> None:
        self.secrets.put_secret_value(SecretId=self.names["Credentials"], SecretString=text)

    def item(self, id_: str, part: str = "0") -> dict[str, Any]:
        key = encode({"id": id_, "part": part})
        return decode(self.dynamodb.get_item(TableName=self.names["Messages"], Key=key)["Item"])

    def items(self) -> list[dict[str, Any]]:
        """Return the parts in the table."""
        return [item for item in self.everything() if not item["id"].startswith("~")]

    def everything(self) -> list[dict[str, Any]]:
        return [decode(item) for item in self.dynamodb.scan(TableName=self.names["Messages"])["Items"]]

    def mapping(self, lane: str) -> str:
        """Return the state of a lane's event source mapping."""
        return self.functions.get_event_source_mapping(UUID=self.names[f"SendSms{lane.title()}"])["State"]

    def arn(self, url: str) -> str:
        """Return the ARN of a queue."""
        return self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def alerts(self) -> list[dict[str, Any]]:
        """Take what the alert topic has published, as its SQS subscriber gets it, oldest first."""
        found: list[dict[str, Any]] = []
        url = self.names["Ear"]
        while messages := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def dead(self) -> list[tuple[dict[str, Any] | str, dict[str, str]]]:
        """Take all from the dead-letter queue: bodies (as JSON if they are) and attributes."""
        found: list[tuple[dict[str, Any] | str, dict[str, str]]] = []
        url = self.names["DeadLetterQueue"]
        while messages := self.sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages"):
            for message in messages:
                notes = {name: each["StringValue"] for name, each in message.get("MessageAttributes", {}).items()}
                body = message["Body"]
                found.append((json.loads(body) if body.startswith("{") and body.endswith("}") else body, notes))
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found


@pytest.fixture(scope="session")
def aws_session() -> Iterator[tuple[AwsCalls, boto3.session.Session]]:
    """One session whose clients are watched, the functions' and boto3's default, and one of the test's own."""
    calls = AwsCalls()
    boto3.setup_default_session(botocore_session=composition_of_aws.aws_session())
    assert boto3.DEFAULT_SESSION is not None
    boto3.DEFAULT_SESSION.events.register("provide-client-params", calls.note)
    yield calls, boto3.session.Session()
    boto3.DEFAULT_SESSION = None
    composition_of_aws.aws_session.cache_clear()


@pytest.fixture(scope="session")
def clients() -> dict[str, Any]:
    """The test's own clients and watched ones, made when first wanted: it takes longer than most tests."""
    return {}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, clients: dict[str, Any]) -> Iterator[Stack]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with in_process_aws():
        calls, own = request.getfixturevalue("aws_session")
        for name in SERVICES.values():
            if name not in clients:
                clients[name], clients[f"watched {name}"] = own.client(name), boto3.client(name)
        stack = Stack(**{field: clients[name] for field, name in SERVICES.items()}, calls=calls)
        calls.clear()
        stack.names |= made_once(_create, stack)
        yield stack


def _create(stack: Stack) -> dict[str, str]:
    """Make the resources; return their names."""
    template = Template({}, {})
    asked = ("id", "part", "AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema")
    table = {name: value for name, value in template.properties("Messages").items() if name in asked}
    stack.dynamodb.create_table(TableName="messages", **table)
    names = {"Messages": "messages", "Campaigns": "campaigns"}
    for queue in ("PriorityQueue", "BulkQueue", "DeadLetterQueue"):
        timeout = str(template.properties(queue).get("VisibilityTimeout", 30))
        created = stack.sqs.create_queue(QueueName=f"kobo-{queue}", Attributes={"VisibilityTimeout": timeout})
        names[queue] = created["QueueUrl"]
    region: Any = {"LocationConstraint": "eu-west-1"}
    stack.s3.create_bucket(Bucket="campaigns", CreateBucketConfiguration=region)
    secret = stack.secrets.create_secret(Name="kobo", SecretString=json.dumps({"user": USER, "pass": PASSWORD}))
    return names | {"Credentials": secret["ARN"]} | _create_alerts(stack)


def _create_alerts(stack: Stack) -> dict[str, str]:
    topic = stack.sns.create_topic(Name="alerts")["TopicArn"]
    ear = stack.sqs.create_queue(QueueName="ear")["QueueUrl"]
    stack.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=stack.arn(ear))
    return {"Alerts": topic, "Ear": ear}


def create_consumers(stack: Stack) -> None:
    """Make send_sms and its event source mappings; moto runs no code, but keeps their states."""
    role = stack.iam.create_role(RoleName="any", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    stack.functions.create_function(
        FunctionName="send-sms",
        Role=role,
        Code={"ZipFile": b""},
        Runtime="python3.13",
        Handler="any.handle",
    )
    stack.names["SendSms"] = "send-sms"
    for lane in ("Priority", "Bulk"):
        source = stack.arn(stack.names[f"{lane}Queue"])
        created = stack.functions.create_event_source_mapping(EventSourceArn=source, FunctionName="send-sms")
        stack.names[f"SendSms{lane}"] = created["UUID"]


@pytest.fixture
def kobo(mock_kobo: MockControl) -> MockControl:
    """The mock with the login that the secret holds and enough credit."""
    mock_kobo.set_account(user=USER, password=PASSWORD, balance=100_000)
    return mock_kobo


@dataclass
class Clock:
    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def output(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """What is printed; whatever a test does, it holds no whole number, no text and no password."""
    yield capsys
    captured = capsys.readouterr()
    assert LOGGABLE.match(captured.out + captured.err)
