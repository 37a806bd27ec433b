"""SQS to KoboMobile as Powertools' documentation has one write it: batch processor, idempotency utility, `requests`.

Tuned as far as that goes: clients, session and login made once and kept, a connection for each call at once, the
records of a batch side by side. Powertools' `BatchProcessor` takes one record after the other, so this is its
`AsyncBatchProcessor`; the idempotency utility and `requests` know no asyncio, hence the threads. A call that fails
raises, the utility forgets the record, and the message comes back and is sent by a new call.
"""

from __future__ import annotations

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import requests
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import AsyncBatchProcessor, EventType, async_process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from botocore.config import Config
from requests.adapters import HTTPAdapter

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

CALLS_AT_ONCE = int(os.environ["CALLS_AT_ONCE"])

logger = Logger()
metrics = Metrics()
processor = AsyncBatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
pool = ThreadPoolExecutor(CALLS_AT_ONCE)
session = requests.Session()
session.mount("http://", HTTPAdapter(pool_maxsize=CALLS_AT_ONCE))
session.mount("https://", HTTPAdapter(pool_maxsize=CALLS_AT_ONCE))
# It looks into the environment for proxies and into ~/.netrc at every call otherwise.
session.trust_env = False
secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["KOBO_SECRET_ARN"])
login = json.loads(secret["SecretString"])
persistence = DynamoDBPersistenceLayer(
    os.environ["IDEMPOTENCY_TABLE"], boto_config=Config(max_pool_connections=CALLS_AT_ONCE)
)
config = IdempotencyConfig(event_key_jmespath="id", expires_after_seconds=30 * 86_400)


class NotSent(Exception):
    """KoboMobile did not accept the text."""


@idempotent_function(data_keyword_argument="message", persistence_store=persistence, config=config)  # type: ignore[untyped-decorator]
def send(message: dict[str, Any]) -> dict[str, str]:
    """Send one text to the numbers of a message, at most 500; an error brings the message back."""
    fields = {
        "user": login["user"],
        "pass": login["pass"],
        "from": os.environ["DEFAULT_SENDER_ID"],
        "to": ",".join(message["to"]),
        "msg": message["msg"],
        "enable_msg_id": "1",
    }
    response = session.post(f"{os.environ['KOBO_BASE_URL']}/send/", data=fields, timeout=10)
    response.raise_for_status()
    if response.text.startswith("error_"):
        raise NotSent(response.text)
    return {"answer": response.text}


async def process(record: SQSRecord) -> None:
    """Process one message of the queue."""
    message = json.loads(record.body)
    await asyncio.get_running_loop().run_in_executor(pool, lambda: send(message=message))
    logger.info("sent", id=message["id"])
    metrics.add_metric("Sent", MetricUnit.Count, len(message["to"]))


@metrics.log_metrics
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Process a batch; the answer names the messages that come back."""
    config.register_lambda_context(context)
    return {**async_process_partial_response(event, process, processor, context)}
