"""How much the doubles themselves can take: what a run must stay below, or they are what is measured."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from benchmarks.peers.aws_double import IDEMPOTENCY
from benchmarks.peers.double_process import DoubleProcess
from benchmarks.peers.kobo_stub import PASSWORD, USER
from benchmarks.peers.measuring import Bench
from benchmarks.peers.process_meter import cpu_seconds

_CALLS = 4_000


@dataclass(frozen=True)
class OwnLimit:
    """What a double can take: calls a second of one caller that does nothing else, and CPU seconds a call."""

    name: str
    a_second: float
    cpu: float


def own_limits(bench: Bench) -> list[OwnLimit]:
    """Measure both doubles."""
    bench.kobo.ask("/_stub/begin", {"latency": 0.0, "losing": 0.0})
    sends = [_send(at) for at in range(_CALLS)]
    return [
        _measure("KoboMobile's double, calls of send/", bench.kobo, sends),
        _measure("AWS's double, conditional PutItem", bench.aws, [_put(at) for at in range(_CALLS)]),
    ]


def _measure(name: str, double: DoubleProcess, requests: Sequence[bytes]) -> OwnLimit:
    before, begun = cpu_seconds([double.pid]), time.monotonic()
    with socket.create_connection(("127.0.0.1", double.port), timeout=30) as connection:
        for request in requests:
            connection.sendall(request)
            if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{name}: refused")
    took = time.monotonic() - begun
    return OwnLimit(name, len(requests) / took, (cpu_seconds([double.pid]) - before) / len(requests))


def _send(at: int) -> bytes:
    fields = {"user": USER, "pass": PASSWORD, "from": "KOBO", "to": f"23480301{at:05d}", "msg": f"Your code is {at}"}
    body = urlencode(fields | {"enable_msg_id": "1", "message_uuid": f"own-{at}"}).encode()
    return _post("/api/send/", body, "Content-Type: application/x-www-form-urlencoded")


def _put(at: int) -> bytes:
    asked = {
        "TableName": IDEMPOTENCY,
        "Item": {"id": {"S": f"own-{at}"}, "status": {"S": "INPROGRESS"}, "expiration": {"N": "1900000000"}},
        "ConditionExpression": "attribute_not_exists(#id)",
        "ExpressionAttributeNames": {"#id": "id"},
    }
    return _post("/", json.dumps(asked).encode(), "X-Amz-Target: DynamoDB_20120810.PutItem")


def _post(path: str, body: bytes, header: str) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: double\r\n{header}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
