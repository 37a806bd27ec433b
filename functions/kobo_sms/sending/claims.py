"""A claim on a part, and why there is none to have.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kobo_sms.history import History
from kobo_sms.messages.parts import Part
from kobo_sms.sending.attempts import Lease
from kobo_sms.sending.decisions import Known


@dataclass(frozen=True)
class Claim:
    """The right to make one attempt at a part until `until` (epoch seconds), under the sender ID `sender`.

    `lease.token` fences the outcome; `died` are earlier claims that ended without one. `opted_out` are recipients that
    this attempt leaves out, and each one that repeats it.
    """

    part: Part
    lease: Lease
    until: float
    known: Known
    history: History
    died: Sequence[Lease]
    sender: str
    opted_out: frozenset[str] = frozenset()

    @property
    def to_send(self) -> Part:
        """The part as KoboMobile is asked to send it: without those who opted out."""
        return self.part.without(self.opted_out)


@dataclass(frozen=True)
class Busy:
    """Another invocation holds the claim until `until` (epoch seconds)."""

    until: float


@dataclass(frozen=True)
class Finished:
    """The part has ended in `state`, or was split into `smaller` ones: there is nothing to send. It counts for
    `campaign`."""

    state: str
    smaller: Sequence[Part] = ()
    campaign: str | None = None


@dataclass(frozen=True)
class OtherRelease:
    """The part is in a `state` that only another release knows: it is left alone."""

    state: str


@dataclass(frozen=True)
class IdempotencyConflict:
    """The id was used for other content before."""


NothingToClaim = Busy | Finished | IdempotencyConflict | OtherRelease
