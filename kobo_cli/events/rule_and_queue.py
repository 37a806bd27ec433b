"""An EventBridge rule and the queue that it fills, under one name: made, removed, and recognised by that name."""

from __future__ import annotations

import json
import re
import secrets
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from kobo_cli.errors import CliError
from kobo_sms.aws.event_bus import STATUS_CHANGED, event_source

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs import SQSClient

PREFIX = "kobo-events-"
_NAME = re.compile(rf"{PREFIX}([0-9]{{10,12}})-[0-9a-f]{{8}}")
# A tag of the queue: when its owner was last there, in epoch seconds.
SEEN_TAG = "kobo-events-seen"
# Events hold whole numbers: what nobody takes from a queue that was left behind is gone after an hour.
_KEEP_SECONDS = 3600
_TARGET = "queue"
_GONE = {"ResourceNotFoundException", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}


@dataclass(frozen=True)
class Clients:
    """What reaches the queues and the default bus of an account."""

    sqs: SQSClient
    events: EventBridgeClient


def new_name(now: float) -> str:
    """Return a name that nobody has; `now` in epoch seconds."""
    return f"{PREFIX}{now:.0f}-{secrets.token_hex(4)}"


def made_at(name: str) -> float | None:
    """Return when the rule and the queue of a name were made, in epoch seconds; None when it is none of our names."""
    match = _NAME.fullmatch(name)
    return float(match[1]) if match else None


def pattern(stack: str, reference: str | None) -> dict[str, Any]:
    """Return the event pattern of a stack's status events, of those whose reference begins so if one is given."""
    wanted: dict[str, Any] = {"source": [event_source(stack)], "detail-type": [STATUS_CHANGED]}
    return wanted if reference is None else wanted | {"detail": {"reference": [{"prefix": reference}]}}


def make(clients: Clients, name: str, wanted: dict[str, Any], now: float) -> str:
    """Make a rule for an event pattern and its queue, and return the queue's URL. Errors of AWS pass through.

    Raises
    ------
    CliError
        when EventBridge does not take the queue.
    """
    # The rule comes first: its ARN tells partition and account, which the queue's policy names.
    rule = clients.events.put_rule(
        Name=name,
        EventPattern=json.dumps(wanted, ensure_ascii=False),
        Description="kobo events --follow; removed when it ends",
    )["RuleArn"]
    queue = rule.replace(":events:", ":sqs:", 1).replace(f":rule/{name}", f":{name}")
    attributes = {
        "MessageRetentionPeriod": str(_KEEP_SECONDS),
        "SqsManagedSseEnabled": "true",
        "Policy": json.dumps(_policy(queue, rule)),
    }
    created = clients.sqs.create_queue(
        QueueName=name,
        Attributes=attributes,  # type: ignore[arg-type] # the stubs want literals as keys
        tags={SEEN_TAG: f"{now:.0f}"},
    )
    failed = clients.events.put_targets(Rule=name, Targets=[{"Id": _TARGET, "Arn": queue}])["FailedEntries"]
    if failed:
        raise CliError(f"EventBridge does not take the queue as a target: {failed[0].get('ErrorMessage')}")
    return created["QueueUrl"]


def remove(clients: Clients, name: str) -> None:
    """Remove a rule and its queue, whichever of them is there; each also when the other cannot be removed.

    Errors of AWS pass through.
    """
    with ExitStack() as exits:
        # The last one entered comes first: no event shall find its queue gone.
        exits.callback(_remove_queue, clients.sqs, name)
        exits.callback(_remove_rule, clients.events, name)


def is_gone(error: ClientError) -> bool:
    """Tell whether AWS says that a rule or a queue is not there."""
    return error.response["Error"]["Code"] in _GONE


def _policy(queue: str, rule: str) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _remove_rule(events: EventBridgeClient, name: str) -> None:
    try:
        events.remove_targets(Rule=name, Ids=[_TARGET])
        events.delete_rule(Name=name)
    except ClientError as error:
        if not is_gone(error):
            raise


def _remove_queue(sqs: SQSClient, name: str) -> None:
    try:
        sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"])
    except ClientError as error:
        if not is_gone(error):
            raise
