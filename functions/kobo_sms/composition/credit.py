"""What check_credit is made of."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics
from botocore.config import Config

from kobo_sms.composition import settings
from kobo_sms.composition.aws import make_client
from kobo_sms.composition.shared import build_kobo
from kobo_sms.credit.alerting import Alerting, AlertTopic
from kobo_sms.credit.check import Checker
from kobo_sms.credit.store import CreditStore
from kobo_sms.kobomobile.client import KoboClient
from kobo_sms.reports.store import ReportBacklog, ReportStore
from kobo_sms.valve.closed_lanes import ClosedLanes
from kobo_sms.valve.control import ValveControl
from kobo_sms.valve.event_sources import EventSources
from kobo_sms.valve.store import ValveStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

# A probe waits for send_sms, which runs for 30 seconds at the most; repeated by boto3 it would try twice as many.
_INVOKING = Config(connect_timeout=2, read_timeout=35, retries={"total_max_attempts": 1})
# A publication whose answer is lost is for the next check to repeat, and to say so; boto3 would repeat it unsaid.
_ONCE = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1})


@dataclass(frozen=True)
class CreditClients:
    """What a check reaches KoboMobile and AWS with; `invoking` invokes send_sms, once for each call of it."""

    kobo: KoboClient
    dynamodb: DynamoDBClient
    sqs: SQSClient
    functions: LambdaClient
    invoking: LambdaClient
    sns: SNSClient


@dataclass(frozen=True)
class CreditApp:
    """What check_credit's handler works with."""

    checker: Checker
    backlog: ReportBacklog
    clock: Callable[[], float]
    logger: Logger
    metrics: Metrics


@cache
def credit_app() -> CreditApp:
    """Return the one CreditApp of this process.

    Raises
    ------
    ConfigurationError
        when the environment is incomplete.
    """
    clients = CreditClients(
        build_kobo(os.environ, make_client("secretsmanager"), 1),
        make_client("dynamodb"),
        make_client("sqs"),
        make_client("lambda"),
        make_client("lambda", _INVOKING),
        make_client("sns", _ONCE),
    )
    logger = Logger()
    checker = build_checker(os.environ, clients, time.time, time.sleep, logger.warning)
    kept = settings.read_store(os.environ)
    reports = ReportStore(clients.dynamodb, kept.table, keep_seconds=kept.keep_seconds)
    return CreditApp(checker, ReportBacklog(reports, time.time), time.time, logger, Metrics())


def build_checker(
    env: Mapping[str, str],
    clients: CreditClients,
    clock: Callable[[], float],
    pause: Callable[[float], None],
    warn: Callable[[str], None],
) -> Checker:
    """Return what makes checks, over the clients; `pause` waits so many seconds, `warn` is told, in words, what an
    operator should see."""
    wanted, kept = settings.read_credit(env), settings.read_store(env)
    valve = ValveStore(clients.dynamodb, kept.table)
    lanes = ClosedLanes(clients.sqs, clients.invoking, wanted.send_function, wanted.queue_urls, clock)
    quiet_hours = settings.read_bulk_quiet_hours(env, warn)
    control = ValveControl(valve, EventSources(clients.functions, wanted.mappings, pause), lanes, clock, quiet_hours)
    account = CreditStore(clients.dynamodb, kept.table, keep_seconds=kept.keep_seconds)
    alerting = Alerting(account, AlertTopic(clients.sns, wanted.topic_arn), lanes, wanted, clock)
    return Checker(clients.kobo, valve, control, alerting)
