"""A process that forks an invocation of send_sms, or of poll_reports, for each order on its standard input.

It has everything imported and the app composed, but no thread and no connection, so forking it is safe and gives
each invocation a fresh, cold process in milliseconds. Orders and replies are lines of JSON:

{"start": event, "offset": s, "point": [step, "before"|"after"] | null, "dies": bool, "environment": {...}}
{"resume": id, "offset": s, "point": ..., "dies": bool}
-> {"id": pid, "steps": [...], "ended": "died" | "returned" | null, "response": ...}
"""

from __future__ import annotations

import gc
import json
import os
import random
import signal
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import IO, TYPE_CHECKING, Any, cast
from unittest.mock import patch

import poll_reports.handler
import send_sms.handler
from kobo_sms.aws.queues import Message
from kobo_sms.composition import aws
from kobo_sms.composition.reports import build_report_app
from kobo_sms.composition.send import SendApp, build_send_app
from kobo_sms.messages.lanes import Lane
from kobo_sms.reports import poller
from kobo_sms.reports.store import ReportStore
from kobo_sms.runtime import Deadline, Runtime
from kobo_sms.sending import store
from tests.robustness.crash_points.invocations import READY
from tests.robustness.crash_points.polled import SHARDS
from tests.robustness.crash_points.steps import Gate, stepping_client, watch_aws

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

SECONDS = 30
SERVICES = ("dynamodb", "sqs", "secretsmanager", "events")
Line = dict[str, Any]


class Context:
    """The part of Lambda's context that the handler looks at."""

    function_name = "poll-reports"

    def get_remaining_time_in_millis(self) -> int:
        return SECONDS * 1000


@dataclass
class Child:
    """One invocation under way: the pipes to and from it."""

    pid: int
    report: IO[bytes]
    go: IO[bytes]

    def follow(self) -> Line:
        """Return what happened until it waits, returns or dies."""
        reply: Line = {"id": self.pid, "steps": [], "ended": None, "response": None}
        for line in map(json.loads, self.report):
            if "step" in line:
                reply["steps"].append(line["step"])
            elif "waiting" in line:
                return reply
            else:
                reply["response"] = line["response"]
        self.report.close()
        self.go.close()
        _, status = os.waitpid(self.pid, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        reply["ended"] = "died" if killed else "returned" if status == 0 else f"crashed with status {status}"
        return reply


def fork(gate: Gate, order: Line, invoke: Callable[[Gate, Line], None]) -> Child:
    report, write_report = os.pipe()
    read_go, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(report)
        os.close(go)
        gate.open(write_report, read_go, order)
        invoke(gate, order)
    os.close(write_report)
    os.close(read_go)
    return Child(pid, os.fdopen(report, "rb"), os.fdopen(go, "wb", buffering=0))


def runtime_of(gate: Gate) -> Runtime:
    return Runtime(gate.clock, random.uniform, lambda: uuid.uuid4().hex)


def make_send_app(gate: Gate) -> SendApp:
    return build_send_app(os.environ, runtime_of(gate), stepping_client(gate))


def share_clients() -> None:
    """Have every app composed from here on, those in children too, use the same clients of AWS."""
    made = cache(aws.make_client)
    for service in SERVICES:
        made(service)
    patch.object(aws.aws_session(), "create_client", lambda service, *_, **__: made(service)).start()
    patch.object(aws, "never_reuse_idle", lambda client: client).start()


def warm_up(gate: Gate) -> None:
    """Do once what invocations do, and close its connections: else each child does what Python and botocore do once."""
    app = make_send_app(gate)
    body = json.dumps({"id": "warm-up", "to": "2348030100001", "msg": "warm-up"})
    message = Message("warm-up", "", body, {}, time.time(), Lane.PRIORITY)
    assert app.sender.sender.process(message, Deadline.in_seconds(SECONDS, gate.clock)).answer == "ids"
    dynamodb, sqs = aws.make_client("dynamodb"), aws.make_client("sqs")
    reports = ReportStore(dynamodb, os.environ["KOBO_TABLE"], keep_seconds=1.0)
    reports.get_many([key for _, key in reports.due("warm-up", now=0.0, limit=1).due])
    sqs.get_queue_attributes(QueueUrl=os.environ["KOBO_PRIORITY_QUEUE_URL"])
    for service in SERVICES:
        aws.aws_session().create_client(service).close()
    app.sender.sender._client._pool.close()


def invoke(gate: Gate, order: Line) -> None:
    """Be the invocation; never returns."""
    status = 1
    try:
        if order["environment"]:
            os.environ.update(order["environment"])
            if "FAULTS_MAX_HALVINGS" in order["environment"]:
                patch.object(store, "MAX_HALVINGS", int(order["environment"]["FAULTS_MAX_HALVINGS"])).start()
            patch.object(send_sms.handler, "send_app", lambda: make_send_app(gate)).start()
        handler = send_sms.handler if "Records" in order["start"] else poll_reports.handler
        response = handler.handle(order["start"], cast("LambdaContext", Context()))
        gate.tell(response=response)
        status = 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def serve(gate: Gate, orders: IO[bytes], replies: IO[bytes], invoke: Callable[[Gate, Line], None]) -> None:
    """Follow orders: `invoke` is what a forked process does of one."""
    children: dict[int, Child] = {}
    for order in map(json.loads, orders):
        if "start" in order:
            child = fork(gate, order, invoke)
            children[child.pid] = child
        else:
            child = children[order["resume"]]
            child.go.write(json.dumps(order).encode() + b"\n")
        reply = child.follow()
        if reply["ended"]:
            del children[child.pid]
        replies.write(json.dumps(reply).encode() + b"\n")


def main() -> None:
    # What the functions print goes to the log, which is standard error.
    with os.fdopen(os.dup(1), "wb", buffering=0) as replies:
        os.dup2(2, 1)
        gate = Gate()
        session = aws.aws_session()
        watch_aws(session.get_component("event_emitter"), gate)
        share_clients()
        warm_up(gate)
        send = make_send_app(gate)
        # One question at a time makes the order of the steps the same in every run.
        reports = build_report_app(os.environ, runtime_of(gate), stepping_client(gate), most_at_once=1)
        with (
            patch.object(send_sms.handler, "send_app", lambda: send),
            patch.object(poll_reports.handler, "report_app", lambda: reports),
            patch.object(poller, "DUE_SHARDS", SHARDS),
        ):
            # Else each child copies the pages that its garbage collector touches.
            gc.freeze()
            replies.write(READY)
            serve(gate, sys.stdin.buffer, replies, invoke)


if __name__ == "__main__":
    main()
