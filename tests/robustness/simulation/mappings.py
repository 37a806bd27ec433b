"""The event source mappings: AWS's word on whether a queue is consumed, which takes up to a minute to come true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from kobo_sms.messages.lanes import Lane
from tests.robustness.simulation.chaos import Chaos
from tests.robustness.simulation.stored import BULK, PRIORITY

UUIDS = {PRIORITY: "mapping-priority", BULK: "mapping-bulk"}
_LONGEST_CHANGE = 60.0
_BECOMES = {"Enabling": "Enabled", "Disabling": "Disabled"}


@dataclass
class Mapping:
    """One mapping. While it is Disabling its consumers go on; while it is Enabling there are none yet."""

    lane: Lane
    state: str = "Enabled"

    @property
    def consuming(self) -> bool:
        """Whether what is on the queue is brought to the function."""
        return self.state in ("Enabled", "Disabling")

    @property
    def changing(self) -> bool:
        """Whether AWS refuses to change it now."""
        return self.state in _BECOMES


class Mappings:
    """Both mappings, and the client's calls that concern them."""

    def __init__(
        self,
        chaos: Chaos,
        clock: Callable[[], float],
        plan: Callable[[float, Callable[[], None]], None],
        note: Callable[..., None],
    ) -> None:
        self.by_lane = {lane: Mapping(lane) for lane in UUIDS}
        self._by_uuid = {uuid: self.by_lane[lane] for lane, uuid in UUIDS.items()}
        self._chaos, self._clock, self._plan, self._note = chaos, clock, plan, note

    def get_event_source_mapping(self, **asked: Any) -> dict[str, Any]:
        mapping = self._by_uuid[asked["UUID"]]
        return self._chaos.around("lambda.get_event_source_mapping", lambda: {"State": mapping.state}, repeats=False)

    def update_event_source_mapping(self, **asked: Any) -> dict[str, Any]:
        mapping = self._by_uuid[asked["UUID"]]

        def update() -> dict[str, Any]:
            if mapping.changing:
                raise ClientError({"Error": {"Code": "ResourceInUseException"}}, "UpdateEventSourceMapping")
            self.change(mapping.lane, enabled=asked["Enabled"])
            return {"State": mapping.state}

        return self._chaos.around("lambda.update_event_source_mapping", update, repeats=False)

    def change(self, lane: Lane, *, enabled: bool) -> None:
        """Begin to enable or disable a lane's mapping."""
        mapping = self.by_lane[lane]
        if mapping.state == ("Enabled" if enabled else "Disabled"):
            return
        mapping.state = "Enabling" if enabled else "Disabling"
        self._note("mapping", lane, mapping.state)
        self._plan(self._clock() + self._chaos.rng.uniform(0, _LONGEST_CHANGE), lambda: self._complete(mapping))

    def _complete(self, mapping: Mapping) -> None:
        mapping.state = _BECOMES[mapping.state]
        self._note("mapping", mapping.lane, mapping.state)
