"""What runs in AWS, put together as kobo_sms.composition does, over the simulated services."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from kobo_sms.aws.queues import Queues
from kobo_sms.campaigns.left_out import LeftOutNotes
from kobo_sms.campaigns.watch import CampaignWatch
from kobo_sms.composition.events import build_publisher
from kobo_sms.composition.send import SendParts, assemble
from kobo_sms.credit.alerting import Alerting, AlertTopic
from kobo_sms.credit.check import Checker
from kobo_sms.credit.settings import CreditSettings
from kobo_sms.credit.store import CreditStore
from kobo_sms.errors import ConfigurationError, EnqueueFailed, LostClaim, OptOutsUnknown
from kobo_sms.events.publisher import Publisher
from kobo_sms.kobomobile.client import Credentials, KoboClient
from kobo_sms.optouts.lookup import OptOutLookup
from kobo_sms.reports.poller import Poller
from kobo_sms.reports.settings import ReportSettings
from kobo_sms.reports.store import ReportStore, StatsStore
from kobo_sms.runtime import Runtime
from kobo_sms.sending.batch import BatchSender
from kobo_sms.sending.batch_store import BatchStore
from kobo_sms.sending.part_items import Fingerprints, PartItems
from kobo_sms.sending.settings import SendSettings
from kobo_sms.sending.store import Store
from kobo_sms.valve.breaker import CircuitBreaker
from kobo_sms.valve.bulk_rest import BulkRest
from kobo_sms.valve.closed_lanes import ClosedLanes
from kobo_sms.valve.control import ValveControl
from kobo_sms.valve.event_sources import EventSources
from kobo_sms.valve.prompt import Prompt
from kobo_sms.valve.store import ValveStore
from tests.robustness.simulation.kobomobile import secrets_manager
from tests.robustness.simulation.mappings import UUIDS
from tests.robustness.simulation.stored import DEAD, QUEUE_URLS
from tests.robustness.simulation.timeline import TurnLock

if TYPE_CHECKING:
    from urllib3 import HTTPConnectionPool

    from tests.robustness.simulation.world import World

# What an invocation may raise when its surroundings fail: the message comes back. All else is a bug.
EXPECTED = (BotoCoreError, ClientError, LostClaim, EnqueueFailed, ConfigurationError, OptOutsUnknown)
FINGERPRINTS, NAMESPACE = Fingerprints("a key", "stack-id"), "kobo"
DEFAULT_SENDER = "KoboSMS"
TABLE, STACK = "messages", "kobo-sms"
_KEEP_SECONDS = 30 * 86_400


@dataclass(frozen=True)
class Makers:
    """How the collaborators are made; a test puts broken ones in their place."""

    store: Callable[..., Store] = Store
    batch_store: Callable[..., BatchStore] = BatchStore
    queues: Callable[..., Queues] = Queues
    client: Callable[..., KoboClient] = KoboClient
    breaker: Callable[..., CircuitBreaker] = CircuitBreaker
    rest: Callable[..., BulkRest] = BulkRest
    optouts: Callable[..., OptOutLookup] = OptOutLookup
    valve_store: Callable[..., ValveStore] = ValveStore
    sources: Callable[..., EventSources] = EventSources
    lanes: Callable[..., ClosedLanes] = ClosedLanes
    control: Callable[..., ValveControl] = ValveControl
    credit_store: Callable[..., CreditStore] = CreditStore
    topic: Callable[..., AlertTopic] = AlertTopic
    watch: Callable[..., CampaignWatch] = CampaignWatch
    publisher: Callable[..., Publisher] = build_publisher


@dataclass(frozen=True)
class Warm:
    """The objects of one warm execution environment of send_sms or poll_reports, numbered; a crash drops them."""

    sender: BatchSender
    poller: Poller
    number: int


class _InTurn(Executor):
    """A pool of no threads."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        fn(*args, **kwargs)
        return Future()


class Functions:
    """Starts execution environments in a world."""

    def __init__(self, world: World, makers: Makers) -> None:
        self._world, self._makers = world, makers
        self._tokens, self._numbers = itertools.count(), itertools.count()

    def start(self) -> Warm:
        """Return a cold start's objects."""
        world = self._world
        items = PartItems(_KEEP_SECONDS, FINGERPRINTS, NAMESPACE, DEFAULT_SENDER)
        client, clock = self._client(), world.clock
        runtime = Runtime(clock, world.rng.uniform, lambda: f"claim-{next(self._tokens)}")
        queues = self._makers.queues(cast("Any", world.sqs), QUEUE_URLS, DEAD)
        events = SimpleNamespace(put_events=world.checks.put_events)
        prompt = Prompt(lambda: cast("Any", events), STACK, lambda warning: world.note(warning))
        valve = self._valve_store()
        breaker = self._makers.breaker(valve, prompt, clock, world.rng.uniform, world.note)
        quiet_hours = world.scenario.quiet_hours
        rest = self._makers.rest(quiet_hours, valve, clock) if quiet_hours is not None else None
        campaigns = self._makers.watch(cast("Any", world.dynamodb), TABLE, clock)
        left_out = LeftOutNotes(cast("Any", world.dynamodb), TABLE, keep_seconds=_KEEP_SECONDS)
        optouts = self._makers.optouts(cast("Any", world.dynamodb), TABLE, world.timeline.wait)
        parts = SendParts(
            self._makers.store(cast("Any", world.dynamodb), TABLE, items),
            self._makers.batch_store(cast("Any", world.dynamodb), TABLE, items),
            client,
            queues,
            breaker,
            rest,
            campaigns,
            left_out,
            optouts,
        )
        sender = assemble(parts, self._send_settings(), runtime)
        return Warm(sender, self._poller(client), next(self._numbers))

    def start_check(self) -> Checker:
        """Return a cold start of check_credit."""
        world, makers = self._world, self._makers
        settings = self._credit_settings()
        functions, clock = cast("Any", world.functions_api), world.clock
        lanes = makers.lanes(cast("Any", world.sqs), functions, settings.send_function, settings.queue_urls, clock)
        sources = makers.sources(functions, settings.mappings, world.timeline.wait)
        control = makers.control(self._valve_store(), sources, lanes, clock, world.scenario.quiet_hours)
        credit_store = makers.credit_store(cast("Any", world.dynamodb), TABLE, keep_seconds=_KEEP_SECONDS)
        topic = makers.topic(cast("Any", world.topic), settings.topic_arn)
        alerting = Alerting(credit_store, topic, lanes, settings, clock)
        return Checker(self._client(), self._valve_store(), control, alerting)

    def _client(self) -> KoboClient:
        world = self._world
        credentials = Credentials(secrets_manager(world.chaos, world.ledger, world.secret), "arn", world.clock)
        # Fetching the secret takes time, and a thread of the machine would never come to its end while another waits.
        credentials._lock = cast("Any", TurnLock(world.timeline))
        # Virtual time does not pass on the clock of the machine, which the client reads.
        client = self._makers.client("https://kobo.test/api", credentials, timeout=1e6, connections=1)
        client._pool = cast("HTTPConnectionPool", world.kobo)
        return client

    def _poller(self, client: KoboClient) -> Poller:
        world, dynamodb = self._world, cast("Any", self._world.dynamodb)
        reports = ReportSettings(first_after=120.0, give_up_after=72 * 3600.0)
        store = ReportStore(dynamodb, TABLE, keep_seconds=_KEEP_SECONDS)
        stats = StatsStore(dynamodb, TABLE, keep_seconds=_KEEP_SECONDS)
        runtime = Runtime(world.clock, world.rng.uniform, lambda: f"run-{next(self._tokens)}")
        return Poller(store, stats, client, reports, runtime, _InTurn(), self._valve_store().fault)

    def _valve_store(self) -> ValveStore:
        return self._makers.valve_store(cast("Any", self._world.dynamodb), TABLE)

    def _send_settings(self) -> SendSettings:
        scenario = self._world.scenario
        return SendSettings(
            queue_urls=QUEUE_URLS,
            dead_letter_queue_url=DEAD,
            default_sender=DEFAULT_SENDER,
            default_region="NG",
            calls_at_once=scenario.calls_at_once,
            http_timeout=10.0,
            retry_base=5.0,
            retry_max=scenario.retry_max,
            max_attempts=scenario.max_attempts,
            first_report_after=120.0,
            stack=STACK,
        )

    def _credit_settings(self) -> CreditSettings:
        scenario = self._world.scenario
        return CreditSettings(
            stack=STACK,
            low=Decimal(scenario.low),
            critical=Decimal(scenario.critical),
            topic_arn="arn:aws:sns:eu-west-1:123456789012:alerts",
            send_function="send_sms",
            mappings=UUIDS,
            queue_urls=QUEUE_URLS,
        )
