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

import boto3
from aws_lambda_powertools import Logger, Metrics
from botocore.config import Config

from kobo_sms import settings
from kobo_sms.client import KoboClient
from kobo_sms.credentials import Credentials
from kobo_sms.polling import Poller
from kobo_sms.queues import Queues
from kobo_sms.sending import Chance, Sender
from kobo_sms.store import Store

# A call of AWS that hangs must not eat the time that the part's lease leaves.
_AWS = Config(
    connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 3, "mode": "standard"}, max_pool_connections=20
)
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

    client: KoboClient
    store: Store
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
    sqs = boto3.client("sqs", config=_AWS)
    sender = Sender(
        store=_store(),
        client=_kobo(wanted.calls_at_once),
        queues=Queues(sqs, wanted.dead_letter_queue_url),
        settings=wanted,
        http_timeout=settings.read_kobo(os.environ).http_timeout,
        chance=Chance(time.time, random.uniform, lambda: uuid.uuid4().hex),
    )
    urls = (wanted.priority_queue_url, wanted.bulk_queue_url)
    lanes = {url.rsplit("/", 1)[-1]: url for url in urls}
    pool = ThreadPoolExecutor(wanted.calls_at_once)
    return SendApp(sender, pool, lanes, wanted.priority_queue_url, Logger(), Metrics())


@cache
def credit_app() -> CreditApp:
    """Return the one CreditApp of this process."""
    return CreditApp(_kobo(1), _store(), Logger(), Metrics())


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
