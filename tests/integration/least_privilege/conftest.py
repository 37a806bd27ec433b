"""All that the functions do with AWS, done once in a process: what each asks for then."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

import send_sms.handler
from kobo_sms.composition.credit import CreditClients, build_checker
from kobo_sms.composition.settings import read_store
from kobo_sms.composition.shared import build_kobo
from kobo_sms.reports.store import ReportBacklog, ReportStore
from kobo_sms.sending import returns
from tests.integration.conftest import Clock, Stack
from tests.integration.handlers.conftest import Functions, context, deploy
from tests.integration.least_privilege import flows
from tests.integration.least_privilege.key_calls import key_calls
from tests.integration.least_privilege.policies import Change, Deployed
from tests.integration.least_privilege.requests import Request, requests_of
from tests.integration.least_privilege.service_calls import service_calls
from tests.integration.valve.fake_lambda import FakeLambda

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl

__all__ = ["deploy"]
SAMPLE = json.loads((Path(__file__).parents[3] / "events" / "stream.json").read_text())["Records"]


@dataclass(frozen=True)
class Recorded:
    """What each function asked for, where in its code, and the names of the resources that it asked it of."""

    names: dict[str, str]
    asked: dict[str, list[Request]]
    sites: frozenset[tuple[str, str]]

    def deployed(self, given: Mapping[str, str] | None = None, change: Change | None = None) -> Deployed:
        return Deployed(self.names, given, change)

    def wanted(self, deployed: Deployed) -> dict[str, list[Request]]:
        """Return what functions ask for, and what AWS asks for in their name."""
        theirs = service_calls(deployed)
        found = {function: [*asked, *theirs[function]] for function, asked in self.asked.items()}
        key = deployed.given.get("KmsKeyArn")
        return {function: [*asked, *(key_calls(asked, key) if key else ())] for function, asked in found.items()}


_seen: list[Recorded] = []


@pytest.fixture
def recorded(request: pytest.FixtureRequest) -> Recorded:
    if not _seen:
        _seen.append(request.getfixturevalue("run_flows"))
    return _seen[0]


@pytest.fixture
def run_flows(
    aws: Stack, kobo: MockControl, deploy: Callable[..., Functions], monkeypatch: pytest.MonkeyPatch
) -> Recorded:
    aws.names["UnpublishedQueue"] = aws.sqs.create_queue(QueueName="unpublished")["QueueUrl"]
    mappings = {f"SendSms{lane}": str(uuid.uuid4()) for lane in ("Priority", "Bulk")}
    aws.names |= {"PollReports": "poll-reports"} | mappings
    functions = deploy(ReportShards="2")
    monkeypatch.setenv("UNPUBLISHED_QUEUE_URL", aws.names["UnpublishedQueue"])
    monkeypatch.setenv("FIND_BY_NUMBER", "true")
    checks = make_checks(aws, kobo)
    with flows.answered_by(checks.fake):
        flows.campaigns(functions, aws, kobo)
        flows.publish(functions, SAMPLE)
        flows.send(functions, kobo, lambda: monkeypatch.setattr(returns, "_MOST_RECEIVES", 1))
        flows.check(checks)
    mapped = Deployed(aws.names).arn_of("SendSms")
    asked: dict[str, list[Request]] = {}
    for function, operation, params in aws.calls.asked:
        asked.setdefault(function, []).extend(requests_of(operation, params, mapped))
    different = {function: list(dict.fromkeys(each)) for function, each in asked.items()}
    return Recorded(dict(aws.names), different, frozenset(aws.calls.sites))


def make_checks(aws: Stack, kobo: MockControl) -> flows.Checks:
    def run_send_sms(event: dict[str, Any]) -> Any:
        with aws.calls.by("SendSms"):
            return send_sms.handler.handle(event, context(30))

    fake = FakeLambda(run_send_sms, {aws.names[f"SendSms{lane}"]: "Enabled" for lane in ("Priority", "Bulk")})
    with flows.answered_by(fake):
        functions = boto3.client("lambda")
    # send_sms goes by the machine's clock.
    clock = Clock(float(round(time.time())))
    environment = aws.environment("CheckCredit", KoboBaseUrl=kobo.base_url)
    client = build_kobo(environment, boto3.client("secretsmanager"), 1)
    others = (boto3.client("dynamodb"), boto3.client("sqs"), functions, functions, boto3.client("sns"))
    checker = build_checker(environment, CreditClients(client, *others), clock, lambda seconds: None, pytest.fail)
    kept = read_store(environment)
    backlog = ReportBacklog(ReportStore(others[0], kept.table, keep_seconds=kept.keep_seconds), clock)
    return flows.Checks(aws, kobo, checker, backlog, clock, fake)
