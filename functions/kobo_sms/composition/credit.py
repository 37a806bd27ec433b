"""What check_credit is made of."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from functools import cache

import boto3
from aws_lambda_powertools import Logger, Metrics
from botocore.config import Config

from kobo_sms.aws.fresh_connections import never_reuse_idle
from kobo_sms.composition import settings
from kobo_sms.composition.shared import AWS, make_kobo
from kobo_sms.credit.alerting import Alerting
from kobo_sms.credit.check import Checker
from kobo_sms.credit.store import CreditStore
from kobo_sms.credit.topic import AlertTopic
from kobo_sms.valve.closed_lanes import ClosedLanes
from kobo_sms.valve.control import ValveControl
from kobo_sms.valve.event_sources import EventSources
from kobo_sms.valve.store import ValveStore

# A trial waits for send_sms, which runs for 30 seconds at the most; repeated by boto3 it would try twice as many.
_INVOKING = Config(connect_timeout=2, read_timeout=35, retries={"total_max_attempts": 1})
# A publication whose answer is lost is for the next check to repeat, and to say so; boto3 would repeat it unsaid.
_ONCE = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1})


@dataclass(frozen=True)
class CreditApp:
    """What check_credit's handler works with."""

    checker: Checker
    logger: Logger
    metrics: Metrics


@cache
def credit_app() -> CreditApp:
    """Return the one CreditApp of this process.

    Raises
    ------
    ConfigurationError
        when the environment is incomplete.
    """
    wanted, kept = settings.read_credit(os.environ), settings.read_store(os.environ)
    dynamodb = never_reuse_idle(boto3.client("dynamodb", config=AWS))
    functions = never_reuse_idle(boto3.client("lambda", config=AWS))
    trials = never_reuse_idle(boto3.client("lambda", config=_INVOKING))
    queues = never_reuse_idle(boto3.client("sqs", config=AWS))
    alerts = never_reuse_idle(boto3.client("sns", config=_ONCE))
    valve = ValveStore(dynamodb, kept.table)
    lanes = ClosedLanes(queues, trials, wanted.send_function, wanted.queue_urls, time.time)
    control = ValveControl(valve, EventSources(functions, wanted.mappings), lanes, time.time)
    topic = AlertTopic(alerts, wanted.topic_arn)
    credit = CreditStore(dynamodb, kept.table, keep_seconds=kept.keep_seconds)
    alerting = Alerting(credit, topic, lanes, wanted, time.time)
    return CreditApp(Checker(make_kobo(1), valve, control, alerting, time.time), Logger(), Metrics())
