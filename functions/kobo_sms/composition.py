"""The composition root: puts the parts together from the environment, once for each warm function.

boto3 and its clients are made here, when the first event comes, and nowhere else.
"""

from __future__ import annotations

import os
import random
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import boto3
from aws_lambda_powertools import Logger, Metrics
from botocore.config import Config

from kobo_sms import settings
from kobo_sms.alert_topic import AlertTopic
from kobo_sms.alerting import Alerting
from kobo_sms.brake import Brake
from kobo_sms.checking import Checker
from kobo_sms.client import KoboClient
from kobo_sms.closed_lanes import ClosedLanes
from kobo_sms.credentials import Credentials
from kobo_sms.credit_store import CreditStore
from kobo_sms.event_sources import EventSources
from kobo_sms.polling import Poller
from kobo_sms.prompt import Prompt
from kobo_sms.queues import Queues
from kobo_sms.sending import Chance, Sender
from kobo_sms.store import Store
from kobo_sms.valve_control import ValveControl
from kobo_sms.valve_store import ValveStore

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

# A call of AWS that hangs must not eat the time that the part's lease leaves.
_AWS = Config(
    connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 3, "mode": "standard"}, max_pool_connections=20
)
# A trial waits for send_sms, which runs for 30 seconds at the most; repeated by boto3 it would try twice as many.
_INVOKING = Config(connect_timeout=2, read_timeout=35, retries={"total_max_attempts": 1})
_POLLING_CALLS_AT_ONCE = 10


@dataclass(frozen=True)
class SendApp:
    """What send_sms's handler works with; `lanes` maps a queue's name to its URL."""

    sender: Sender
    pool: ThreadPoolExecutor
    lanes: dict[str, str]
    priority_url: str
    logger: Logger
    metrics: Metrics


@dataclass(frozen=True)
class CreditApp:
    """What check_credit's handler works with."""

    checker: Checker
    logger: Logger
    metrics: Metrics


@dataclass(frozen=True)
class ReportApp:
    """What poll_reports's handler works with."""

    poller: Poller
    logger: Logger
    metrics: Metrics


@cache
def send_app() -> SendApp:
    """Return the one SendApp of this process.

    Raises
    ------
    ConfigurationError
        here and below, when the environment is incomplete.
    """
    wanted = settings.read_send(os.environ)
    logger = Logger()
    sqs = boto3.client("sqs", config=_AWS)
    sender = Sender(
        store=_store(),
        client=_kobo(wanted.calls_at_once),
        queues=Queues(sqs, wanted.dead_letter_queue_url),
        settings=wanted,
        http_timeout=settings.read_kobo(os.environ).http_timeout,
        chance=Chance(time.time, random.uniform, lambda: uuid.uuid4().hex),
        brake=Brake(_valve_store(), Prompt(_events, wanted.stack, logger.warning), time.time, random.uniform),
    )
    urls = (wanted.priority_queue_url, wanted.bulk_queue_url)
    lanes = {url.rsplit("/", 1)[-1]: url for url in urls}
    pool = ThreadPoolExecutor(wanted.calls_at_once)
    return SendApp(sender, pool, lanes, wanted.priority_queue_url, logger, Metrics())


@cache
def credit_app() -> CreditApp:
    """Return the one CreditApp of this process."""
    wanted = settings.read_credit(os.environ)
    functions = boto3.client("lambda", config=_INVOKING)
    lanes = ClosedLanes(boto3.client("sqs", config=_AWS), functions, wanted.send_function, wanted.queue_urls, time.time)
    control = ValveControl(
        _valve_store(), EventSources(boto3.client("lambda", config=_AWS), wanted.mappings), lanes, time.time
    )
    topic = AlertTopic(boto3.client("sns", config=_AWS), wanted.topic_arn)
    alerting = Alerting(_credit_store(), topic, lanes, wanted, time.time)
    return CreditApp(Checker(_kobo(1), _valve_store(), control, alerting), Logger(), Metrics())


@cache
def report_app() -> ReportApp:
    """Return the one ReportApp of this process."""
    pool = ThreadPoolExecutor(_POLLING_CALLS_AT_ONCE)
    client = _kobo(_POLLING_CALLS_AT_ONCE)
    poller = Poller(_store(), client, settings.read_reports(os.environ), time.time, pool)
    return ReportApp(poller, Logger(), Metrics())


def _kobo(connections: int) -> KoboClient:
    wanted = settings.read_kobo(os.environ)
    credentials = Credentials(boto3.client("secretsmanager", config=_AWS), wanted.secret_arn)
    return KoboClient(wanted.base_url, credentials, timeout=wanted.http_timeout, connections=connections)


def _store() -> Store:
    wanted = settings.read_store(os.environ)
    return Store(
        boto3.client("dynamodb", config=_AWS),
        wanted.table,
        keep_seconds=wanted.keep_seconds,
        fingerprint_key=wanted.fingerprint_key,
        default_sender=wanted.default_sender,
        store_text=wanted.store_text,
    )


def _valve_store() -> ValveStore:
    return ValveStore(boto3.client("dynamodb", config=_AWS), settings.read_store(os.environ).table)


def _credit_store() -> CreditStore:
    wanted = settings.read_store(os.environ)
    return CreditStore(boto3.client("dynamodb", config=_AWS), wanted.table, keep_seconds=wanted.keep_seconds)


@cache
def _events() -> EventBridgeClient:
    return boto3.client("events", config=_AWS)
