"""The I/O steps of an invocation, counted inside its process: at one of them it dies, or waits to be let go on."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from typing import IO, TYPE_CHECKING, Any, TypeVar

from botocore.hooks import BaseEventHooks

from kobo_sms.kobomobile.client import KoboClient
from kobo_sms.table import VALVE_ID

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

A = TypeVar("A")
# What a step is called, by the operation of AWS; others keep AWS's name.
NAMES = {
    "GetSecretValue": "login",
    "UpdateItem": "write",
    "BatchExecuteStatement": "writes",
    "SendMessageBatch": "queue",
    "SendMessage": "bury",
    "ChangeMessageVisibility": "return",
    "PutEvents": "prompt",
}
ASK, SIGN = "ask", "sign"


class Gate:
    """What every step passes, before it goes out and after its answer has come. Closed: counts and holds up nothing.

    `clock` is the process's clock, `offset` seconds ahead.
    """

    def __init__(self) -> None:
        self.offset = 0.0
        self._lock = threading.Lock()
        self._here = threading.local()
        self._count = 0
        self._report = -1
        self._go: IO[bytes] | None = None
        self._point: tuple[int, str] | None = None
        self._dies = False

    def clock(self) -> float:
        return time.time() + self.offset

    def open(self, report: int, go: int, order: dict[str, Any]) -> None:
        """Count from here, telling of each step through the pipe `report`; orders to go on come through `go`."""
        self._report, self._go = report, os.fdopen(go, "rb")
        self._follow(order)

    def tell(self, **line: Any) -> None:
        if self._report >= 0:
            os.write(self._report, json.dumps(line).encode() + b"\n")

    def enter(self, name: str) -> None:
        if self._report < 0:
            return
        with self._lock:
            self._here.at = self._count
            self._count += 1
            self.tell(step=name)
        self._reach(self._here.at, "before")

    def leave(self) -> None:
        if self._report >= 0:
            self._reach(self._here.at, "after")

    def _follow(self, order: dict[str, Any]) -> None:
        self.offset = order["offset"]
        self._point = (order["point"][0], order["point"][1]) if order["point"] else None
        self._dies = order["dies"]

    def _reach(self, at: int, when: str) -> None:
        if self._point != (at, when):
            return
        if self._dies:
            os.kill(os.getpid(), signal.SIGKILL)
        assert self._go is not None
        self.tell(waiting=True)
        self._follow(json.loads(self._go.readline()))


def watch_aws(events: BaseEventHooks, gate: Gate, names: Mapping[str, str] = NAMES) -> None:
    """Make a step of every HTTP exchange with AWS, repeats by botocore included."""

    def before(event_name: str, request: AWSPreparedRequest, **_: object) -> None:
        operation = event_name.rpartition(".")[2]
        of_valve = operation == "UpdateItem" and VALVE_ID in str(request.body)
        gate.enter(SIGN if of_valve else names.get(operation, operation))

    def after(**_: object) -> None:
        gate.leave()

    events.register("before-send", before)
    events.register("response-received", after)


def stepping_client(gate: Gate) -> type[KoboClient]:
    """Return a KoboClient whose every HTTP call is a step."""

    class SteppingClient(KoboClient):
        def _post(
            self, endpoint: str, fields: dict[str, str], read: Callable[[int, bytes], A], login: tuple[str, str]
        ) -> Any:
            gate.enter(ASK)
            answer = super()._post(endpoint, fields, read, login)
            gate.leave()
            return answer

    return SteppingClient
