"""What poll_reports is made of."""

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

from kobo_sms.aws.fresh_connections import never_reuse_idle
from kobo_sms.composition import settings
from kobo_sms.composition.shared import AWS, make_kobo
from kobo_sms.reports.fan_out import Siblings
from kobo_sms.reports.poller import MOST_CALLS_AT_ONCE, WRITES_AT_ONCE, Poller
from kobo_sms.reports.stats_store import StatsStore
from kobo_sms.reports.store import ReportStore
from kobo_sms.runtime import Runtime
from kobo_sms.valve.store import ValveStore


@dataclass(frozen=True)
class ReportApp:
    """What poll_reports's handler works with."""

    poller: Poller
    siblings: Siblings
    pool: ThreadPoolExecutor
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
    wanted, kept = settings.read_reports(os.environ), settings.read_store(os.environ)
    dynamodb = never_reuse_idle(boto3.client("dynamodb", config=AWS))
    store = ReportStore(dynamodb, kept.table, keep_seconds=kept.keep_seconds)
    stats = StatsStore(dynamodb, kept.table, keep_seconds=kept.keep_seconds)
    # Besides calls and writes there is one thread that reads.
    pool = ThreadPoolExecutor(MOST_CALLS_AT_ONCE + WRITES_AT_ONCE + 1)
    runtime = Runtime(time.time, random.uniform, lambda: uuid.uuid4().hex[:12])
    client = make_kobo(MOST_CALLS_AT_ONCE)
    poller = Poller(store, stats, client, wanted, runtime, pool, ValveStore(dynamodb, kept.table).fault)
    functions = never_reuse_idle(boto3.client("lambda", config=AWS)) if wanted.shards > 1 else None
    return ReportApp(poller, Siblings(functions, wanted.shards), pool, Logger(), Metrics())
