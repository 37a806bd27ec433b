"""What publish_status is made of."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics

from kobo_sms.composition import settings
from kobo_sms.composition.aws import make_client
from kobo_sms.events.bus import EventBus
from kobo_sms.events.lookup import Lookup
from kobo_sms.events.publisher import Publisher
from kobo_sms.events.unpublished import Unpublished
from kobo_sms.optouts.do_not_disturb import DoNotDisturbNotes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class EventClients:
    """What a publisher reaches AWS with."""

    events: EventBridgeClient
    sqs: SQSClient
    dynamodb: DynamoDBClient


@dataclass(frozen=True)
class EventApp:
    """What publish_status's handler works with."""

    publisher: Publisher
    clock: Callable[[], float]
    logger: Logger
    metrics: Metrics


@cache
def event_app() -> EventApp:
    """Return the one EventApp of this process.

    Raises
    ------
    ConfigurationError
        when the environment is incomplete.
    """
    clients = EventClients(
        make_client("events"),
        make_client("sqs"),
        make_client("dynamodb"),
    )
    publisher = build_publisher(os.environ, clients, time.sleep)
    return EventApp(publisher, time.time, Logger(), Metrics())


def build_publisher(env: Mapping[str, str], clients: EventClients, pause: Callable[[float], None]) -> Publisher:
    """Return a publisher over the clients; `pause` waits so many seconds."""
    wanted = settings.read_events(env)
    lookup = Lookup(clients.dynamodb, wanted.table, pause) if wanted.find_by_number else None
    unpublished = Unpublished(clients.sqs, wanted.unpublished_queue_url)
    notes = DoNotDisturbNotes(clients.dynamodb, wanted.table, pause)
    return Publisher(EventBus(clients.events, wanted.stack, pause), unpublished, lookup, notes)
