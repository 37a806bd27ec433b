"""What runs in AWS, put together as kobo_sms.composition does, over the simulated services."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from kobo_sms.brake import Brake
from kobo_sms.client import KoboClient
from kobo_sms.credentials import Credentials
from kobo_sms.errors import ConfigurationError, LostClaim
from kobo_sms.parts import ROOT
from kobo_sms.polling import Poller
from kobo_sms.queues import PART, Message, NotQueued, Queues
from kobo_sms.sending import Chance, Sender
from kobo_sms.settings import ReportSettings, SendSettings
from kobo_sms.store import Store
from kobo_sms.valve_store import ValveStore
from tests.simulation.kobomobile import secrets_manager
from tests.simulation.sqs import BULK, DEAD, PRIORITY, Stored

if TYPE_CHECKING:
    from urllib3 import PoolManager

    from tests.simulation.world import World

# What an invocation may raise when its surroundings fail: the message comes back. All else is a bug.
EXPECTED = (BotoCoreError, ClientError, LostClaim, NotQueued, ConfigurationError)
FINGERPRINT_KEY = "stack-id"
DEFAULT_SENDER = "KoboSMS"


@dataclass(frozen=True)
class Makers:
    """How the collaborators are made; a test puts broken ones in their place."""

    store: Callable[..., Store] = Store
    queues: Callable[..., Queues] = Queues
    client: Callable[..., KoboClient] = KoboClient


@dataclass(frozen=True)
class Warm:
    """The objects of one warm execution environment; a crash drops them."""

    sender: Sender
    poller: Poller


class _InTurn:
    """A pool of no threads."""

    def map(self, function: Callable[[Any], Any], each: Iterable[Any]) -> Iterator[Any]:
        return map(function, each)


class Functions:
    """Starts execution environments in a world."""

    def __init__(self, world: World, makers: Makers) -> None:
        self._world, self._makers = world, makers
        self._tokens = itertools.count()
        self._settings = SendSettings(
            priority_queue_url=PRIORITY,
            bulk_queue_url=BULK,
            dead_letter_queue_url=DEAD,
            default_sender=DEFAULT_SENDER,
            default_region="NG",
            calls_at_once=1,
            retry_base=5.0,
            retry_max=world.scenario.retry_max,
            max_attempts=world.scenario.max_attempts,
            first_report_after=120.0,
            stack="kobo-sms",
        )

    def start(self) -> Warm:
        """Return a cold start's objects."""
        world = self._world
        store = self._makers.store(
            cast("Any", world.dynamodb),
            "messages",
            keep_seconds=30 * 86_400,
            fingerprint_key=FINGERPRINT_KEY,
            default_sender=DEFAULT_SENDER,
        )
        # Virtual time does not pass on the clock of the machine, which the client reads.
        credentials = Credentials(secrets_manager(world.chaos, world.secret), "arn")
        client = self._makers.client("https://kobo.test/api", credentials, timeout=1e6, connections=1)
        client._pool = cast("PoolManager", world.kobo)
        chance = Chance(world.clock, world.rng.uniform, lambda: f"claim-{next(self._tokens)}")
        queues = self._makers.queues(cast("Any", world.sqs), DEAD)
        brake = Brake(ValveStore(cast("Any", world.dynamodb), "messages"), world.prompt, world.clock, world.rng.uniform)
        sender = Sender(store, client, queues, self._settings, 10.0, chance, brake)
        reports = ReportSettings(first_after=120.0, give_up_after=72 * 3600.0)
        return Warm(sender, Poller(store, client, reports, world.clock, cast("ThreadPoolExecutor", _InTurn())))


def to_message(stored: Stored, handle: str) -> Message:
    """Return what send_sms's handler makes of an SQS record."""
    sent_at = round(stored.sent_at, 3)
    return Message(stored.id, handle, stored.body, stored.attributes, sent_at, stored.lane, stored.receives)


def part_of(stored: Stored) -> str:
    """Return `id/part` of the part that a message carries."""
    return f"{request_id(stored.body, stored.id)}/{stored.attributes.get(PART, ROOT)}"


def request_id(body: str, message_id: str) -> str:
    """Return the id of a request, of one that can't be read its message's."""
    try:
        return str(json.loads(body).get("id", message_id))
    except (ValueError, AttributeError):
        return message_id
