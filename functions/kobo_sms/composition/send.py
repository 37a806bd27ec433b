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

from aws_lambda_powertools import Logger, Metrics

from kobo_sms.aws.queues import Queues
from kobo_sms.aws.statements import send_as_encoded
from kobo_sms.campaigns.left_out import LeftOutNotes
from kobo_sms.campaigns.watch import CampaignWatch
from kobo_sms.composition import settings
from kobo_sms.composition.aws import make_client
from kobo_sms.composition.shared import build_kobo
from kobo_sms.kobomobile.client import KoboClient
from kobo_sms.messages.lanes import Lane
from kobo_sms.optouts.lookup import OptOutLookup
from kobo_sms.runtime import Runtime
from kobo_sms.sending.admission import Admission
from kobo_sms.sending.batch import BatchCrew, BatchSender
from kobo_sms.sending.batch_store import BatchStore
from kobo_sms.sending.crew import ThreadCrew
from kobo_sms.sending.dead_letters import DeadLetters
from kobo_sms.sending.part_items import Fingerprints, PartItems
from kobo_sms.sending.returns import Returns
from kobo_sms.sending.sender import Sender
from kobo_sms.sending.settings import SendSettings
from kobo_sms.sending.store import Store
from kobo_sms.sending.unclaimable import Unclaimable
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
    """What send_sms's handler works with; `lanes` tells the URL of each lane's queue. The pools are a crew's."""

    sender: BatchSender
    calls: ThreadPoolExecutor
    others: ThreadPoolExecutor
    lanes: Mapping[Lane, str]
    clock: Callable[[], float]
    logger: Logger
    metrics: Metrics

    def crew(self) -> BatchCrew:
        """Return a crew for one batch."""
        return ThreadCrew(self.calls, self.others)

    def shut_down(self) -> None:
        """End the threads."""
        self.calls.shutdown()
        self.others.shutdown()


@dataclass(frozen=True)
class SendParts:
    """What a sender is made of; `rest` is None where there are no quiet hours."""

    store: Store
    batch_store: BatchStore
    client: KoboClient
    queues: Queues
    breaker: CircuitBreaker
    rest: BulkRest | None
    campaigns: CampaignWatch
    left_out: LeftOutNotes
    optouts: OptOutLookup


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
    secrets = make_client("secretsmanager")
    clients = SendClients(
        build_kobo(env, secrets, wanted.calls_at_once, kobo),
        send_as_encoded(make_client("dynamodb")),
        make_client("sqs"),
        cache(lambda: make_client("events")),
    )
    logger = Logger()
    calls, others = ThreadPoolExecutor(wanted.calls_at_once), ThreadPoolExecutor(wanted.calls_at_once)
    sender = build_sender(env, clients, runtime, logger.warning)
    return SendApp(sender, calls, others, wanted.queue_urls, runtime.clock, logger, Metrics())


def build_sender(
    env: Mapping[str, str], clients: SendClients, runtime: Runtime, warn: Callable[[str], None]
) -> BatchSender:
    """Return a sender over the clients; `warn` is told, in words, what an operator should see."""
    wanted, kept, identity = settings.read_send(env), settings.read_store(env), settings.read_identity(env)
    items = PartItems(
        keep_seconds=kept.keep_seconds,
        fingerprints=Fingerprints(identity.fingerprint_key, identity.former_key),
        namespace=identity.namespace,
        default_sender=wanted.default_sender,
        store_text=kept.store_text,
    )
    quiet_hours = settings.read_bulk_quiet_hours(env, warn)
    prompt, valve = Prompt(clients.events, wanted.stack, warn), ValveStore(clients.dynamodb, kept.table)
    parts = SendParts(
        Store(clients.dynamodb, kept.table, items),
        BatchStore(clients.dynamodb, kept.table, items),
        clients.kobo,
        Queues(clients.sqs, wanted.queue_urls, wanted.dead_letter_queue_url),
        CircuitBreaker(valve, prompt, runtime.clock, runtime.uniform, warn),
        BulkRest(quiet_hours, valve, runtime.clock) if quiet_hours is not None else None,
        CampaignWatch(clients.dynamodb, kept.table, runtime.clock),
        LeftOutNotes(clients.dynamodb, kept.table, keep_seconds=kept.keep_seconds),
        OptOutLookup(clients.dynamodb, kept.table, time.sleep),
    )
    return assemble(parts, wanted, runtime)


def assemble(of: SendParts, wanted: SendSettings, runtime: Runtime) -> BatchSender:
    """Return a sender made of given parts."""
    dead_letters, returns = DeadLetters(of.queues), Returns(of.queues)
    unclaimable = Unclaimable(of.queues, dead_letters, returns, of.left_out, runtime.clock)
    admission = Admission(
        of.store,
        of.client,
        wanted,
        runtime,
        of.breaker,
        of.rest,
        of.campaigns,
        of.optouts,
        dead_letters,
        returns,
        unclaimable,
    )
    sender = Sender(
        of.store, of.client, of.queues, wanted, runtime, of.breaker, admission, dead_letters, returns, unclaimable
    )
    return BatchSender(sender, admission, of.batch_store, of.breaker, runtime, wanted.calls_at_once)
