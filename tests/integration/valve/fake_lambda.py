"""Lambda at the client's boundary: event source mappings that take their time, and send_sms itself behind `invoke`."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

Event = dict[str, Any]


def refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


@dataclass
class FakeLambda:
    """`states` maps UUIDs to the states of mappings; `updates` and `invoked` keep what was asked for.

    A mapping that was changed is `Enabling` or `Disabling` until it is let `settle`, and refuses to change meanwhile.
    `on_call` is told of each call before it is answered; `fault` is what every call then raises, `busy` the codes with
    which the next changes are refused. `waits` keeps for how long it was waited for. `largest` counts the bytes of
    the largest payload.
    """

    send_sms: Callable[[Event], Any]
    states: dict[str, str]
    updates: list[tuple[str, bool]] = field(default_factory=list)
    invoked: list[Event] = field(default_factory=list)
    on_call: Callable[[str], None] = lambda name: None
    fault: Exception | None = None
    busy: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    dies: bool = False
    largest: int = 0

    def settle(self) -> None:
        """Let every change come to its end."""
        ends = {"Enabling": "Enabled", "Disabling": "Disabled", "Updating": "Enabled"}
        self.states = {uuid: ends.get(state, state) for uuid, state in self.states.items()}

    def get_event_source_mapping(self, *, UUID: str) -> dict[str, str]:  # noqa: N803
        self._called("get")
        return {"State": self.states[UUID]}

    def update_event_source_mapping(self, *, UUID: str, Enabled: bool) -> dict[str, str]:  # noqa: N803
        self._called("update")
        if self.busy:
            raise refusal(self.busy.pop(0), "UpdateEventSourceMapping")
        if self.states[UUID] not in ("Enabled", "Disabled"):
            raise refusal("ResourceInUseException", "UpdateEventSourceMapping")
        self.updates.append((UUID, Enabled))
        self.states[UUID] = "Enabling" if Enabled else "Disabling"
        return {"State": self.states[UUID]}

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        self._called("invoke")
        self.largest = max(self.largest, len(Payload))
        assert FunctionName == "send-sms"
        event = json.loads(Payload)
        self.invoked.append(event)
        answer = self.send_sms(event)
        if self.dies:
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(b'{"errorMessage": "killed"}')}
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}

    def _called(self, name: str) -> None:
        self.on_call(name)
        if self.fault is not None:
            raise self.fault
