"""SNS, simulated: it keeps what was published."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.robustness.simulation.chaos import Chaos

_REPEATED = "may have reached you before"


@dataclass(frozen=True)
class Heard:
    """One alert as its subscribers got it; `repeated`: it says that it may have come before."""

    at: float
    id: str
    kind: str
    repeated: bool
    subject: str


class FakeSNS:
    """The client of one topic."""

    def __init__(self, chaos: Chaos, clock: Callable[[], float], note: Callable[..., None]) -> None:
        self.heard: list[Heard] = []
        self._chaos, self._clock, self._note = chaos, clock, note

    def publish(self, **asked: Any) -> dict[str, Any]:
        def take() -> dict[str, Any]:
            attributes = {name: each["StringValue"] for name, each in asked["MessageAttributes"].items()}
            repeated = _REPEATED in json.loads(asked["Message"])["email"]
            heard = Heard(self._clock(), attributes["id"], attributes["kind"], repeated, asked["Subject"])
            self.heard.append(heard)
            self._note("alert", heard.id, "repeated" if repeated else "")
            return {}

        # SNS has no way to tell a repeated call from another: boto3 must not repeat this one.
        return self._chaos.around("sns.publish", take, repeats=False)
