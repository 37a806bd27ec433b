"""Lambda's part in process: events made from the queues' messages, batches, what returns and what is deleted."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

import check_credit.handler
import poll_reports.handler
import publish_status.handler
import queue_campaign.handler
import send_sms.handler
from kobo_sms.composition.campaigns import campaign_app
from kobo_sms.composition.credit import credit_app
from kobo_sms.composition.events import event_app
from kobo_sms.composition.reports import report_app
from kobo_sms.composition.send import send_app
from tests.integration.least_privilege.enforcement import assert_granted

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack

_names = itertools.count()


class Context:
    function_name = "poll-reports"

    def __init__(self, seconds: float) -> None:
        self._milliseconds = int(seconds * 1000)

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds


def context(seconds: float) -> LambdaContext:
    return cast("LambdaContext", Context(seconds))


@dataclass
class Functions:
    """The handlers as Lambda would call them."""

    stack: Stack
    remaining: float = 30.0
    returned: list[tuple[str, str]] = field(default_factory=list)

    def put(self, *requests: dict[str, Any] | str, lane: str = "Priority") -> list[str]:
        """Queue requests; return their message ids."""
        bodies = [body if isinstance(body, str) else json.dumps(body) for body in requests]
        url = self.stack.names[f"{lane}Queue"]
        return [self.stack.sqs.send_message(QueueUrl=url, MessageBody=body)["MessageId"] for body in bodies]

    def deliver(self, lane: str = "Priority", size: int = 10) -> list[str]:
        """Hand one batch to send_sms; return the ids of messages that stay on the queue."""
        url = self.stack.names[f"{lane}Queue"]
        found = self.stack.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=size, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"]
        )
        messages = found.get("Messages", [])
        if not messages:
            return []
        event = {"Records": [_record(message, url) for message in messages]}
        with self.stack.calls.by("SendSms"):
            response = send_sms.handler.handle(event, context(self.remaining))
        stay = [str(failure["itemIdentifier"]) for failure in response["batchItemFailures"]]
        for message in messages:
            if message["MessageId"] in stay:
                self.returned.append((url, message["ReceiptHandle"]))
            else:
                self.stack.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return stay

    def come_back(self) -> None:
        """Let the time pass that messages wait before they come back."""
        for url, handle in self.returned:
            self.stack.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
        self.returned.clear()

    def waiting(self, lane: str = "Priority") -> int:
        """Return how many messages can be received now."""
        url = self.stack.names[f"{lane}Queue"]
        attributes = self.stack.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"])

    def deliver_all(self, lane: str = "Priority", size: int = 10) -> None:
        """Hand over batches until nothing can be received."""
        while self.waiting(lane):
            self.deliver(lane, size)

    def poll(self, seconds: float = 60.0, **event: int) -> dict[str, int]:
        with self.stack.calls.by("PollReports"):
            return poll_reports.handler.handle(event, context(seconds))

    def publish(self, records: Sequence[dict[str, Any]], seconds: float = 60) -> list[str]:
        """Hand a batch of the stream to publish_status; return the records from which it is to come again."""
        with self.stack.calls.by("PublishStatus"):
            answer = publish_status.handler.handle({"Records": records}, context(seconds))
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def queue_campaigns(self, **event: Any) -> dict[str, int]:
        with self.stack.calls.by("QueueCampaign"):
            return queue_campaign.handler.handle(event, context(60))

    def check_credit(self) -> dict[str, Any]:
        with self.stack.calls.by("CheckCredit"):
            return check_credit.handler.handle({}, context(90))


def _record(message: Any, url: str) -> dict[str, Any]:
    attributes = {
        name: {"stringValue": each["StringValue"], "stringListValues": [], "binaryListValues": [], "dataType": "String"}
        for name, each in message.get("MessageAttributes", {}).items()
    }
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": attributes,
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:eu-west-1:123456789012:{url.rsplit('/', 1)[-1]}",
        "awsRegion": "eu-west-1",
    }


def _forget() -> None:
    for app in (send_app, report_app, credit_app, campaign_app, event_app):
        app.cache_clear()


@pytest.fixture
def deploy(aws: Stack, kobo: MockControl, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Functions]]:
    """Deploy the functions with template parameters of the test's choice; a function called then starts cold."""

    # moto's event source mappings try to run the function's code: only where no test queues anything.
    aws.names |= {"SendSms": "send-sms", "SendSmsPriority": "none", "SendSmsBulk": "none"}

    def deployed(**parameters: str) -> Functions:
        _forget()
        wanted = {"KoboBaseUrl": kobo.base_url, "FirstReportAfterSeconds": "0", "HttpTimeoutSeconds": "5"} | parameters
        wanted.setdefault("SendConcurrency", "4")
        for function in ("CheckCredit", "PollReports", "QueueCampaign", "SendSms"):
            for name, value in aws.environment(function, **wanted).items():
                monkeypatch.setenv(name, value)
        # powertools keeps one logger, with its stream, for each service.
        monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"kobo-{next(_names)}")
        return Functions(aws)

    yield deployed
    if send_app.cache_info().currsize:
        send_app().shut_down()
    for app in (report_app, campaign_app):
        if app.cache_info().currsize:
            app().pool.shutdown()
    _forget()


@pytest.fixture(autouse=True)
def nothing_beyond_the_policies(aws: Stack) -> Iterator[None]:
    """Whatever a function does in a test, the template's policies allow it."""
    yield
    assert_granted(aws.calls.asked, {"PollReports": Context.function_name} | aws.names)


@pytest.fixture
def functions(deploy: Callable[..., Functions]) -> Functions:
    return deploy()
