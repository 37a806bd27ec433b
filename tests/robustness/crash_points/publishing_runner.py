"""A process that forks an invocation of publish_status for each order on its standard input, as runner.py does."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import patch

from aws_lambda_powertools import Logger, Metrics

import publish_status.handler
from kobo_sms.composition.aws import aws_session, make_client
from kobo_sms.composition.events import EventApp, EventClients, build_publisher
from kobo_sms.runtime import Deadline
from tests.robustness.crash_points.invocations import READY
from tests.robustness.crash_points.runner import Context, Line, serve
from tests.robustness.crash_points.steps import Gate, watch_aws
from tests.robustness.telling.stream import handed_out
from tests.unit.events.stream import part, record

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

NAMES = {"PutEvents": "publish", "BatchWriteItem": "look_up", "SendMessage": "keep"}
# template.yaml's time-out.
SECONDS = 60


class PublishingContext(Context):
    """The same of an invocation that has a minute."""

    def get_remaining_time_in_millis(self) -> int:
        return SECONDS * 1000


def make_app(gate: Gate) -> EventApp:
    """Return publish_status over real clients; it does not wait between tries."""
    clients = EventClients(*(make_client(name) for name in ("events", "sqs", "dynamodb")))
    return EventApp(build_publisher(os.environ, clients, lambda _: None), gate.clock, Logger(), Metrics())


def warm_up(app: EventApp, gate: Gate) -> None:
    """Do once what invocations do, and close its connections: else each child does what Python and botocore do once."""
    records = handed_out([record(1, None, part()), record(2, None, {"id": "unreadable", "part": "0"})])
    done = app.publisher.publish(records, Deadline.in_seconds(SECONDS, gate.clock))
    assert (done.events, done.unpublishable, done.failed) == (1, 1, [])
    for user in (app.publisher._bus, app.publisher._unpublished, app.publisher._lookup):
        cast("Any", user)._client.close()


def invoke(gate: Gate, order: Line) -> None:
    """Be the invocation; never returns."""
    status = 1
    try:
        gate.tell(response=publish_status.handler.handle(order["start"], cast("LambdaContext", PublishingContext())))
        status = 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    # What the function prints goes to the log, which is standard error.
    with os.fdopen(os.dup(1), "wb", buffering=0) as replies:
        os.dup2(2, 1)
        gate = Gate()
        watch_aws(aws_session().get_component("event_emitter"), gate, NAMES)
        app = make_app(gate)
        warm_up(app, gate)
        with patch.object(publish_status.handler, "event_app", lambda: app):
            # Else each child copies the pages that its garbage collector touches.
            gc.freeze()
            replies.write(READY)
            serve(gate, sys.stdin.buffer, replies, invoke)


if __name__ == "__main__":
    main()
