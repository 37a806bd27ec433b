"""What send_sms is made of."""

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

from kobo_sms.aws.fresh_connections import never_reuse_idle
from kobo_sms.aws.queues import Queues
from kobo_sms.composition import settings
from kobo_sms.composition.shared import AWS, make_kobo
from kobo_sms.runtime import Runtime
from kobo_sms.sending.sender import Sender
from kobo_sms.sending.settings import SendSettings
from kobo_sms.sending.store import Store
from kobo_sms.valve.breaker import CircuitBreaker
from kobo_sms.valve.prompt import Prompt
from kobo_sms.valve.store import ValveStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient


@dataclass(frozen=True)
class SendApp:
    """What send_sms's handler works with; `lanes` maps a queue's name to its URL."""

    sender: Sender
    pool: ThreadPoolExecutor
    lanes: dict[str, str]
    settings: SendSettings
    logger: Logger
    metrics: Metrics


@cache
def send_app() -> SendApp:
    """Return the one SendApp of this process.

    Raises
    ------
    ConfigurationError
        when the environment is incomplete.
    """
    wanted = settings.read_send(os.environ)
    logger, dynamodb = Logger(), never_reuse_idle(boto3.client("dynamodb", config=AWS))
    valve = ValveStore(dynamodb, settings.read_store(os.environ).table)
    sender = Sender(
        store=_store(dynamodb),
        client=make_kobo(wanted.calls_at_once),
        queues=Queues(never_reuse_idle(boto3.client("sqs", config=AWS)), wanted.dead_letter_queue_url),
        settings=wanted,
        http_timeout=settings.read_kobo(os.environ).http_timeout,
        runtime=Runtime(time.time, random.uniform, lambda: uuid.uuid4().hex),
        breaker=CircuitBreaker(
            valve, Prompt(_events, wanted.stack, logger.warning), time.time, random.uniform, logger.warning
        ),
    )
    urls = (wanted.priority_queue_url, wanted.bulk_queue_url)
    lanes = {url.rsplit("/", 1)[-1]: url for url in urls}
    pool = ThreadPoolExecutor(wanted.calls_at_once)
    return SendApp(sender, pool, lanes, wanted, logger, Metrics())


def _store(dynamodb: DynamoDBClient) -> Store:
    wanted = settings.read_store(os.environ)
    return Store(
        dynamodb,
        wanted.table,
        keep_seconds=wanted.keep_seconds,
        fingerprint_key=wanted.fingerprint_key,
        default_sender=wanted.default_sender,
        store_text=wanted.store_text,
    )


@cache
def _events() -> EventBridgeClient:
    return never_reuse_idle(boto3.client("events", config=AWS))
