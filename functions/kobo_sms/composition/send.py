"""What send_sms is made of."""

from __future__ import annotations

import os
import random
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import boto3
from aws_lambda_powertools import Logger, Metrics

from kobo_sms.aws.fresh_connections import never_reuse_idle
from kobo_sms.aws.queues import Queues
from kobo_sms.campaigns.left_out import LeftOutNotes
from kobo_sms.campaigns.watch import CampaignWatch
from kobo_sms.composition import settings
from kobo_sms.composition.aws import AWS
from kobo_sms.composition.shared import build_kobo
from kobo_sms.kobomobile.client import KoboClient
from kobo_sms.messages.lanes import Lane
from kobo_sms.optouts.lookup import OptOutLookup
from kobo_sms.runtime import Runtime
from kobo_sms.sending.fingerprints import Fingerprints
from kobo_sms.sending.sender import Sender
from kobo_sms.sending.store import Store
from kobo_sms.valve.breaker import CircuitBreaker
from kobo_sms.valve.bulk_rest import BulkRest
from kobo_sms.valve.prompt import Prompt
from kobo_sms.valve.store import ValveStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class SendClients:
    """What a sender reaches KoboMobile and AWS with; `events` makes its client when it is first needed."""

    kobo: KoboClient
    dynamodb: DynamoDBClient
    sqs: SQSClient
    events: Callable[[], EventBridgeClient]


@dataclass(frozen=True)
class SendApp:
    """What send_sms's handler works with; `lanes` tells the URL of each lane's queue."""

    sender: Sender
    pool: ThreadPoolExecutor
    lanes: Mapping[Lane, str]
    clock: Callable[[], float]
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
    return build_send_app(os.environ, Runtime(time.time, random.uniform, lambda: uuid.uuid4().hex))


def build_send_app(env: Mapping[str, str], runtime: Runtime, kobo: type[KoboClient] = KoboClient) -> SendApp:
    """Return a SendApp with clients of its own."""
    wanted = settings.read_send(env)
    secrets = never_reuse_idle(boto3.client("secretsmanager", config=AWS))
    clients = SendClients(
        build_kobo(env, secrets, wanted.calls_at_once, kobo),
        never_reuse_idle(boto3.client("dynamodb", config=AWS)),
        never_reuse_idle(boto3.client("sqs", config=AWS)),
        cache(lambda: never_reuse_idle(boto3.client("events", config=AWS))),
    )
    logger, pool = Logger(), ThreadPoolExecutor(wanted.calls_at_once)
    sender = build_sender(env, clients, runtime, logger.warning)
    return SendApp(sender, pool, wanted.queue_urls, runtime.clock, logger, Metrics())


def build_sender(env: Mapping[str, str], clients: SendClients, runtime: Runtime, warn: Callable[[str], None]) -> Sender:
    """Return a sender over the clients; `warn` is told, in words, what an operator should see."""
    wanted, kept, identity = settings.read_send(env), settings.read_store(env), settings.read_identity(env)
    store = Store(
        clients.dynamodb,
        kept.table,
        keep_seconds=kept.keep_seconds,
        fingerprints=Fingerprints(identity.fingerprint_key, identity.former_key),
        namespace=identity.namespace,
        default_sender=wanted.default_sender,
        store_text=kept.store_text,
    )
    queues = Queues(clients.sqs, wanted.queue_urls, wanted.dead_letter_queue_url)
    prompt = Prompt(clients.events, wanted.stack, warn)
    valve = ValveStore(clients.dynamodb, kept.table)
    breaker = CircuitBreaker(valve, prompt, runtime.clock, runtime.uniform, warn)
    rest = BulkRest(settings.read_bulk_quiet_hours(env, warn), valve, runtime.clock)
    campaigns = CampaignWatch(clients.dynamodb, kept.table, runtime.clock)
    left_out = LeftOutNotes(clients.dynamodb, kept.table, keep_seconds=kept.keep_seconds)
    optouts = OptOutLookup(clients.dynamodb, kept.table, time.sleep)
    return Sender(store, clients.kobo, queues, wanted, runtime, breaker, rest, campaigns, left_out, optouts)
