"""Faults asked for with the control API: what goes wrong in front of the gateway, or behind it with the answer."""

from __future__ import annotations

import itertools
import random
import threading
import weakref
from dataclasses import dataclass, field
from typing import Any

ENDPOINTS = ("send", "credit", "report")
KINDS = ("timeout", "reset", "html_503", "html_502", "empty", "slow", "late", "garbage")
# The right answer, only not at once.
DELAYS = ("slow", "late")
BEFORE, AFTER = "before", "after"

DEFAULT_SLOW_SECONDS = 15.0
DEFAULT_LATE_SECONDS = 1.0
DEFAULT_TIMEOUT_SECONDS = 60.0
MAX_SECONDS = 600.0


@dataclass(eq=False)
class Fault:
    """One fault: an `answer` in place of the right one, or a `kind` of broken HTTP.

    `times` is how often it still strikes (None: until cleared), `probability` how likely at each matching call;
    `endpoint`, `to`, `sender` and `text` limit the calls it matches. `over` ends what it holds up.
    """

    endpoint: str | None = None
    answer: str | None = None
    kind: str | None = None
    when: str = BEFORE
    times: int | None = None
    probability: float | None = None
    seed: int = 0
    seconds: float | None = None
    to: str | None = None
    sender: str | None = None
    text: str | None = None
    id: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - repeatable on purpose

    @property
    def label(self) -> str:
        """A name for people, such as `timeout, after`."""
        name = self.kind or self.answer or ""
        return f"{name}, after" if self.when == AFTER else name

    def strikes(self, endpoint: str, parameters: dict[str, str]) -> bool:
        """Tell whether a call is hit; draws from the fault's own random numbers if it matches."""
        return self._matches(endpoint, parameters) and (
            self.probability is None or self._random.random() < self.probability
        )

    def _matches(self, endpoint: str, parameters: dict[str, str]) -> bool:
        if self.endpoint not in {None, endpoint}:
            return False
        return (
            (self.to is None or self.to in parameters.get("to", "").split(","))
            and (self.sender is None or self.sender == parameters.get("from"))
            and (self.text is None or self.text in parameters.get("msg", ""))
        )

    def as_json(self) -> dict[str, Any]:
        """Return the fault for the control API, in the words it was asked for."""
        shown = {
            "id": self.id,
            "endpoint": self.endpoint,
            "answer": self.answer,
            "kind": self.kind,
            "when": self.when,
            "times": self.times,
            "probability": self.probability,
            "seconds": self.seconds,
            "to": self.to,
            "from": self.sender,
            "msg": self.text,
        }
        return {name: value for name, value in shown.items() if value is not None}


class FaultBook:
    """The faults in force, oldest first; the first that strikes is a call's only one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._faults: list[Fault] = []
        # A fault that has struck for the last time may still hold connections.
        self._struck: weakref.WeakSet[Fault] = weakref.WeakSet()

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force and give it its id."""
        with self._lock:
            fault.id = next(self._ids)
            self._faults.append(fault)
        return fault

    def all(self) -> list[Fault]:
        """Return the faults in force."""
        with self._lock:
            return list(self._faults)

    def take(self, endpoint: str, parameters: dict[str, str]) -> Fault | None:
        """Return the fault that strikes this call, and count it."""
        if not self._faults:
            return None
        with self._lock:
            fault = next((one for one in self._faults if one.strikes(endpoint, parameters)), None)
            if fault is not None:
                self._struck.add(fault)
                self._count(fault)
            return fault

    def _count(self, fault: Fault) -> None:
        if fault.times is None:
            return
        fault.times -= 1
        if fault.times == 0:
            self._faults.remove(fault)

    def clear(self, fault_id: int | None = None) -> int:
        """End the fault with this id, or all, and let go what they hold up; return how many were in force."""
        with self._lock:
            ended = [fault for fault in self._faults if fault_id in {None, fault.id}]
            self._faults = [fault for fault in self._faults if fault not in ended]
            for fault in [*ended, *self._struck]:
                if fault_id in {None, fault.id}:
                    fault.over.set()
            return len(ended)
