"""What queue_campaign is made of."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics

from kobo_sms.campaigns.ending import Ending
from kobo_sms.campaigns.files import CampaignFiles
from kobo_sms.campaigns.lane_filling import LaneFilling
from kobo_sms.campaigns.progress import CampaignProgress
from kobo_sms.campaigns.queueing import Queueing
from kobo_sms.campaigns.store import CampaignStore
from kobo_sms.composition import settings
from kobo_sms.composition.aws import make_client
from kobo_sms.runtime import Runtime

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

# The ten batches of a member, side by side; the partitions of the index.
_CALLS_AT_ONCE = 10


@dataclass(frozen=True)
class CampaignClients:
    """What a run reaches AWS with."""

    dynamodb: DynamoDBClient
    s3: S3Client
    sqs: SQSClient


@dataclass(frozen=True)
class CampaignApp:
    """What queue_campaign's handler works with."""

    queueing: Queueing
    pool: ThreadPoolExecutor
    clock: Callable[[], float]
    logger: Logger
    metrics: Metrics


@cache
def campaign_app() -> CampaignApp:
    """Return the one CampaignApp of this process.

    Raises
    ------
    ConfigurationError
        when the environment is incomplete.
    """
    clients = CampaignClients(
        make_client("dynamodb"),
        make_client("s3"),
        make_client("sqs"),
    )
    # It draws no lots.
    runtime = Runtime(time.time, lambda low, _high: low, lambda: uuid.uuid4().hex[:12])
    pool = ThreadPoolExecutor(_CALLS_AT_ONCE)
    queueing = build_queueing(os.environ, clients, runtime, pool, time.sleep)
    return CampaignApp(queueing, pool, runtime.clock, Logger(), Metrics())


def build_queueing(
    env: Mapping[str, str], clients: CampaignClients, runtime: Runtime, pool: Executor, pause: Callable[[float], None]
) -> Queueing:
    """Return what makes runs, over the clients and the threads of `pool`; `pause` waits so many seconds."""
    wanted = settings.read_campaigns(env)
    lanes = {
        lane: LaneFilling(clients.sqs, url, wanted.send_concurrency, pool, runtime.clock, pause)
        for lane, url in wanted.queue_urls.items()
    }
    return Queueing(
        CampaignStore(clients.dynamodb, wanted.table, keep_seconds=wanted.keep_seconds),
        CampaignFiles(clients.s3, wanted.bucket),
        lanes,
        Ending(CampaignProgress(clients.dynamodb, wanted.table, pool)).look,
        runtime,
        pause,
    )
