"""What poll_reports is made of."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from secrets import token_hex
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics

from kobo_sms.aws.statements import send_as_encoded
from kobo_sms.composition import settings
from kobo_sms.composition.aws import make_client
from kobo_sms.composition.shared import build_kobo
from kobo_sms.kobomobile.client import KoboClient
from kobo_sms.reports.fan_out import FanOut
from kobo_sms.reports.poller import MOST_CALLS_AT_ONCE, WRITES_AT_ONCE, Poller
from kobo_sms.reports.store import ReportStore, StatsStore
from kobo_sms.runtime import Runtime
from kobo_sms.valve.store import ValveStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class ReportApp:
    """What poll_reports's handler works with; `fan_out` is None where there is one shard."""

    poller: Poller
    valve: ValveStore
    fan_out: FanOut | None
    pool: ThreadPoolExecutor
    clock: Callable[[], float]
    logger: Logger
    metrics: Metrics


@cache
def report_app() -> ReportApp:
    """Return the one ReportApp of this process.

    Raises
    ------
    ConfigurationError
        when the environment is incomplete.
    """
    return build_report_app(os.environ, Runtime(time.time, random.uniform, partial(token_hex, 6)))


def build_report_app(
    env: Mapping[str, str],
    runtime: Runtime,
    kobo: type[KoboClient] = KoboClient,
    most_at_once: int = MOST_CALLS_AT_ONCE,
) -> ReportApp:
    """Return a ReportApp with clients of its own, which makes `most_at_once` calls at once at the most."""
    # Besides calls and writes there is one thread that reads.
    pool = ThreadPoolExecutor(most_at_once + WRITES_AT_ONCE + 1)
    secrets = make_client("secretsmanager")
    client = build_kobo(env, secrets, most_at_once, kobo)
    dynamodb = send_as_encoded(make_client("dynamodb"))
    poller = build_poller(env, client, dynamodb, runtime, pool, most_at_once)
    shards = settings.read_reports(env).shards
    fan_out = FanOut(make_client("lambda"), shards) if shards > 1 else None
    valve = ValveStore(dynamodb, settings.read_store(env).table)
    return ReportApp(poller, valve, fan_out, pool, runtime.clock, Logger(), Metrics())


def build_poller(
    env: Mapping[str, str],
    kobo: KoboClient,
    dynamodb: DynamoDBClient,
    runtime: Runtime,
    pool: Executor,
    most_at_once: int = MOST_CALLS_AT_ONCE,
) -> Poller:
    """Return a poller over the clients and the threads of `pool`."""
    kept = settings.read_store(env)
    store = ReportStore(dynamodb, kept.table, keep_seconds=kept.keep_seconds)
    stats = StatsStore(dynamodb, kept.table, keep_seconds=kept.keep_seconds)
    fault = ValveStore(dynamodb, kept.table).fault
    return Poller(store, stats, kobo, settings.read_reports(env), runtime, pool, fault, most_at_once)
