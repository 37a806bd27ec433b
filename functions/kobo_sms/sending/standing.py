"""How a part stands in the table, as far as it concerns an operator who retries it or drops it.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from kobo_sms.messages import states
from kobo_sms.messages.states import State
from kobo_sms.sending.decisions import NEVER_RETRIED_AFTER
from kobo_sms.table import Item


@dataclass(frozen=True)
class Standing:
    """The item of a part, as it was read."""

    item: Item

    @property
    def state(self) -> str:
        """The part's state."""
        return str(self.item["state"])

    @property
    def is_open(self) -> bool:
        """Whether send_sms would still try it."""
        return self.state in states.OPEN

    @property
    def in_doubt(self) -> bool:
        """Whether KoboMobile may have executed an attempt whose outcome nobody knows."""
        # `doubt` is what the release before this one calls it; a lease without an outcome is an attempt that died.
        known = self.item.get("in_doubt", self.item.get("doubt", False))
        return bool(known) or "leases" in self.item or self.state == State.UNKNOWN

    @property
    def is_accepted(self) -> bool:
        """Whether KoboMobile has accepted it for any recipient."""
        return any("msgid" in known for known in self.item.get("recipients", {}).values())

    def busy_until(self, now: float) -> float | None:
        """Return when the attempt that is under way ends at the latest (epoch seconds), None if there is none."""
        until = float(self.item.get("lease_until", 0))
        return until if until > now else None

    def is_too_old(self, now: float) -> bool:
        """Tell whether its first attempt is so old that KoboMobile may have forgotten its message_uuid."""
        first = self.item.get("first_attempt_at")
        return first is not None and now - float(first) >= NEVER_RETRIED_AFTER

    def was_reopened_for(self, letter: str) -> bool:
        """Tell whether the dead letter of that message id has re-opened the part before."""
        return letter in self.item.get("reopened_for", ())
