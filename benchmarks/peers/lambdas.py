"""The two Lambda functions: ours as the template deploys it, and the usual one with the same calls at once."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.aws_double import IDEMPOTENCY, MESSAGES
from benchmarks.peers.double_process import DoubleProcess
from benchmarks.peers.gateway import OURS, USUAL
from benchmarks.peers.lambda_fleet import Environment, QueueMessage, drain, running_fleet
from benchmarks.peers.workloads import MOST_NUMBERS, Text, Workload
from tests.integration.template import Template

ROOT = Path(__file__).parents[2]
# What is not urgent goes there: docs/producers.md.
_LANE = "BulkQueue"
_QUEUES = ("PriorityQueue", _LANE, "DeadLetterQueue")
_SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:kobo"
# What AWS's console and Powertools' examples have.
_USUAL_BATCH = 10


class LambdaGateway:
    """A function that SQS feeds with batches of `batch` messages; `bodies` makes messages of a text."""

    def __init__(
        self,
        name: str,
        fleet: list[Environment],
        aws: DoubleProcess,
        batch: int,
        bodies: Callable[[Text], Iterator[str]],
    ) -> None:
        self.name = name
        self.batch = batch
        self._fleet, self._aws, self._bodies = fleet, aws, bodies

    @property
    def pids(self) -> list[int]:
        """The environments' processes."""
        return [environment.pid for environment in self._fleet]

    def send(self, workload: Workload, batch: int | None = None) -> None:
        """Send all, and return once all was sent."""
        now = time.time()
        bodies = (body for text in workload.texts for body in self._bodies(text))
        messages = [QueueMessage(f"{at:036d}", body, _LANE, now, {}) for at, body in enumerate(bodies)]
        splits = any(len(text.to) > MOST_NUMBERS for text in workload.texts)
        drain(self._fleet, messages, batch or self.batch, self._queued if splits else list)

    def _queued(self) -> list[QueueMessage]:
        """Take what the function has put on its own queue."""
        now = time.time()
        return [
            QueueMessage(os.urandom(18).hex(), each["MessageBody"], _LANE, now, each.get("MessageAttributes", {}))
            for each in self._aws.ask("/_double/taken")
        ]


class Lambdas:
    """Runs functions beside one AWS and one KoboMobile, `calls` at once in all; `others` are the template's
    parameters."""

    def __init__(self, aws: DoubleProcess, kobo: DoubleProcess, calls: int, **others: str) -> None:
        self._aws = aws
        queues = {name: f"{aws.url}/123456789012/{name}" for name in _QUEUES}
        known = {"Messages": MESSAGES, "Credentials": _SECRET, "Campaigns": "campaigns", **queues}
        parameters = {
            "KoboBaseUrl": f"{kobo.url}/api",
            "DefaultSenderId": "KOBO",
            "SendConcurrency": str(calls),
            "AlertEmail": "",
            **others,
        }
        self._template = template = Template(parameters, known)
        self._variables = template.environment("SendSms")
        self._timeout = template.properties("SendSms")["Timeout"]
        self._batch: int = template.properties("SendSms")["Events"]["Bulk"]["Properties"]["BatchSize"]
        self.calls_each = int(self._variables["CALLS_AT_ONCE"])
        self._environments = calls // self.calls_each

    @contextmanager
    def ours(self, count: int | None = None, *, root: Path = ROOT, name: str = OURS) -> Iterator[LambdaGateway]:
        """Run send_sms as it stands in the checkout `root`, in `count` environments instead of the template's."""
        variables = self._variables | self._of_lambda(root / "functions")
        with running_fleet("send_sms.handler", count or self._environments, variables) as fleet:
            yield LambdaGateway(name, fleet, self._aws, self._batch, _our_bodies)

    @contextmanager
    def usual(self, count: int | None = None) -> Iterator[LambdaGateway]:
        """Run the usual Lambda in as many environments, with as many calls at once in each."""
        taken = ("CALLS_AT_ONCE", "KOBO_BASE_URL", "DEFAULT_SENDER_ID", "KOBO_SECRET_ARN")
        variables = {name: self._variables[name] for name in taken} | {
            "IDEMPOTENCY_TABLE": IDEMPOTENCY,
            "POWERTOOLS_METRICS_NAMESPACE": "Usual",
            "POWERTOOLS_SERVICE_NAME": "usual",
            **self._of_lambda(ROOT),
        }
        with running_fleet("benchmarks.usual_lambda.handler", count or self._environments, variables) as fleet:
            yield LambdaGateway(USUAL, fleet, self._aws, _USUAL_BATCH, _usual_bodies)

    @contextmanager
    def reports(self) -> Iterator[Environment]:
        """Run poll_reports in one environment."""
        variables = self._template.environment("PollReports") | self._of_lambda(ROOT / "functions")
        with running_fleet("poll_reports.handler", 1, variables) as (environment,):
            yield environment

    def _of_lambda(self, code: Path) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(code),
            # Powertools warns when a batch of a hundred has filled, and so emptied, its metrics.
            "PYTHONWARNINGS": "ignore::UserWarning",
            "TIMEOUT": str(self._timeout),
            "AWS_ENDPOINT_URL": self._aws.url,
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_LAMBDA_FUNCTION_NAME": "send-sms",
            "AWS_LAMBDA_LOG_LEVEL": "INFO",
        }


def _our_bodies(text: Text) -> Iterator[str]:
    campaign = {"campaign": text.campaign} if text.campaign else {}
    to = list(text.to) if len(text.to) > 1 else text.to[0]
    yield json.dumps({"id": text.id, "to": to, "msg": text.msg, **campaign})


def _usual_bodies(text: Text) -> Iterator[str]:
    """Whoever queues it splits it, as the function makes one call a message."""
    for at in range(0, len(text.to), MOST_NUMBERS):
        yield json.dumps({"id": f"{text.id}-{at}", "to": text.to[at : at + MOST_NUMBERS], "msg": text.msg})
