"""A stack to look at: secret, topic, alarms and table on moto, Lambda as the test wants it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError

from kobo_cli.connection import Connection
from kobo_cli.doctor.findings import Finding
from kobo_cli.doctor.patient import Patient
from kobo_sms.messages.lanes import LANES
from kobo_sms.valve.store import ValveStore
from tests.cli.conftest import Deployed

NOW = 1_800_000_000.0


@dataclass
class FakeLambda:
    """The account's quota, the mappings' states by name, and what is set aside for check_credit."""

    quota: int = 1000
    unreserved: int = 1000
    invocations: int = 2
    reserved: int | None = 5
    states: dict[str, str] = field(default_factory=dict)
    responses: list[str] = field(default_factory=lambda: ["ReportBatchItemFailures"])

    def get_account_settings(self) -> Any:
        limit = {"ConcurrentExecutions": self.quota, "UnreservedConcurrentExecutions": self.unreserved}
        return {"AccountLimit": limit}

    def get_event_source_mapping(self, *, UUID: str) -> Any:  # noqa: N803
        return {
            "State": self.states.get(UUID, "Enabled"),
            "FunctionResponseTypes": self.responses,
            "ScalingConfig": {"MaximumConcurrency": self.invocations},
        }

    def get_function_concurrency(self, *, FunctionName: str) -> Any:  # noqa: N803
        assert FunctionName == "check"
        return {} if self.reserved is None else {"ReservedConcurrentExecutions": self.reserved}


@dataclass(frozen=True)
class Known(Connection):
    """A connection some of whose clients are the test's own; one of `denied` refuses everything."""

    fakes: dict[str, Any] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)

    def client(self, service: str, config: Any = None) -> Any:
        if service in self.denied:
            return Denied()
        return self.fakes.get(service) or super().client(service, config)


class Denied:
    """A service that the operator may not ask."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def refuse(*_: Any, **__: Any) -> Any:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}, name)

        return refuse


@dataclass
class Ward:
    """The stack, and what to change about it."""

    patient: Patient
    functions: FakeLambda
    valve: ValveStore
    connection: Known

    def found(self, look: Callable[..., Any], **more: Any) -> list[Finding]:
        return list(look(self.patient, **more))

    def change(self, **fields: Any) -> None:
        self.patient = replace(self.patient, **fields)

    def subscribe(self, *endpoints: str) -> None:
        topic = self.connection.variables["KOBO_TOPIC_ARN"]
        for endpoint in endpoints:
            protocol = "email" if "@" in endpoint else "sqs"
            boto3.client("sns").subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)

    def set_secret(self, text: str) -> None:
        arn = self.connection.variables["KOBO_SECRET_ARN"]
        boto3.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=text)


@pytest.fixture
def ward(deployed: Deployed) -> Ward:
    topic = boto3.client("sns").create_topic(Name="alerts")["TopicArn"]
    login = json.dumps({"user": "shop@example.com", "pass": "correct-horse-7"})
    secret = boto3.client("secretsmanager").create_secret(Name="kobo", SecretString=login)["ARN"]
    names = {f"{name}Alarm": f"kobo-{name}" for name in ("DeadLetter", "PriorityAge")}
    for name in names.values():
        boto3.client("cloudwatch").put_metric_alarm(
            AlarmName=name, Namespace="AWS/SQS", MetricName="x", Statistic="Sum", Period=60, EvaluationPeriods=1,
            Threshold=1, ComparisonOperator="GreaterThanThreshold", AlarmActions=[topic],
        )  # fmt: skip
    functions, there = FakeLambda(), deployed.connection
    variables = {**there.variables, "KOBO_TOPIC_ARN": topic, "KOBO_SECRET_ARN": secret, "KOBO_BASE_URL": "http://x/api"}
    connection = Known(
        variables, there.sqs, there.dynamodb, "kobo", there.session, fakes={"lambda": cast("Any", functions)}
    )
    resources = names | {"SendSmsPriority": "priority", "SendSmsBulk": "bulk", "CheckCredit": "check"}
    patient = Patient(connection, resources | {"PublishStatusChanges": "stream"}, {"LowCredit": "5000"}, skew=0.4)
    valve = ValveStore(there.dynamodb, there.variables["KOBO_TABLE"])
    valve.note_mappings(dict.fromkeys(LANES, "Enabled"), NOW - 40)
    return Ward(patient, functions, valve, connection)
