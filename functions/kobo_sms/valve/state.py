"""The valve as it is: which lanes are closed and why, what an operator has ordered, what is suspected.

Pure. What is decided about it is in `valve.rules`, what a closed lane asks for in `valve.upkeep`; how the table keeps
it, in `valve.store`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from kobo_sms.kobomobile.tokens import Symptom
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.quiet_hours import QuietPeriod
from kobo_sms.valve.signals import CREDIT, FAULTS


class OtherCause(StrEnum):
    """What closes a lane though KoboMobile may work; a Symptom is the other kind of cause."""

    OPERATOR = "operator"
    QUIET_HOURS = "quiet_hours"


OPERATOR, QUIET_HOURS = OtherCause.OPERATOR, OtherCause.QUIET_HOURS
# After how many seconds a closed lane is probed first.
FIRST_PROBE = 15.0
# The bulk lane is closed so long before its quiet hours: checks are a minute apart, and AWS takes up to another one.
RESTS_EARLIER = 120.0


@dataclass(frozen=True)
class ClosedForFault:
    """A lane closed for the gateway or the credentials, since when (epoch seconds) and why.

    `confirmed`: credit/ itself shows the fault. A few messages are let through as a probe at `probe_at`, and again
    after `probe_wait` seconds; `probed_at` is when a probe last began with this lane. The queue is searched for what is
    too old at `sweep_at`; `sweep_began` is when a search that is not finished began, 0 when there is none.
    """

    cause: Symptom
    since: float
    detail: str = ""
    confirmed: bool = False
    probe_at: float = 0.0
    probe_wait: float = FIRST_PROBE
    probed_at: float = 0.0
    sweep_at: float = 0.0
    sweep_began: float = 0.0

    def is_for(self, cause: str) -> bool:
        """Tell whether it is closed for `cause`."""
        return cause == self.cause


@dataclass(frozen=True)
class ClosedForCredit:
    """A lane closed for lack of credit; `pages` are the fewest that were refused, `balance` is the last one read.

    `confirmed`: that balance explains the refusal. The other fields are those of ClosedForFault.
    """

    since: float
    detail: str = ""
    pages: int = 0
    balance: Decimal | None = None
    confirmed: bool = False
    probe_at: float = 0.0
    probe_wait: float = FIRST_PROBE
    probed_at: float = 0.0
    sweep_at: float = 0.0
    sweep_began: float = 0.0

    @property
    def cause(self) -> str:
        """CREDIT."""
        return CREDIT

    def is_for(self, cause: str) -> bool:
        """Tell whether it is closed for `cause`."""
        return cause == CREDIT


@dataclass(frozen=True)
class ClosedByOperator:
    """A lane that the operator `by` holds closed, for the reason in `detail`.

    `beneath` is what had closed it before that and may still be there, with the last `balance` read then. The other
    fields are those of ClosedForFault.
    """

    since: float
    detail: str = ""
    by: str = ""
    beneath: Symptom | None = None
    balance: Decimal | None = None
    sweep_at: float = 0.0
    sweep_began: float = 0.0

    @property
    def cause(self) -> str:
        """OPERATOR."""
        return OPERATOR

    def is_for(self, cause: str) -> bool:
        """Tell whether `cause` has closed it, as the operator or beneath his hold."""
        return cause in (OPERATOR, self.beneath)


# What a probe may open.
Shut = ClosedForFault | ClosedForCredit


@dataclass(frozen=True)
class ClosedForQuietHours:
    """A lane at rest until `until` (epoch seconds), which `detail` tells on the clock.

    `beneath` is what keeps it closed besides: it is followed without probes, and stays once the quiet hours are over.
    The other fields are those of ClosedForFault.
    """

    since: float
    until: float
    detail: str = ""
    beneath: Shut | None = None
    sweep_at: float = 0.0
    sweep_began: float = 0.0

    @property
    def cause(self) -> str:
        """QUIET_HOURS."""
        return QUIET_HOURS

    def is_for(self, cause: str) -> bool:
        """Tell whether `cause` has closed it, as the quiet hours or beneath them."""
        return cause == QUIET_HOURS or (self.beneath is not None and self.beneath.is_for(cause))


Closed = Shut | ClosedByOperator | ClosedForQuietHours


@dataclass(frozen=True)
class Hold:
    """An operator's order to keep a lane closed."""

    by: str
    since: float
    reason: str = ""


@dataclass(frozen=True)
class Opened:
    """When (epoch seconds) a lane was last found to work after a fault, and the wait that its last probe had grown to.

    What was counted before that says nothing any more.
    """

    at: float
    probe_wait: float


@dataclass(frozen=True)
class Valve:
    """The lanes that are closed, the operator's holds, his orders to open (lane to epoch seconds), what was opened
    lately, and the suspected lanes, as they will be closed if probes fail for long: `since` when they are suspected,
    `probe_at` the next probe. `woken`: when an operator last opened a lane whether or not it rested."""

    closed: Mapping[Lane, Closed] = field(default_factory=dict)
    holds: Mapping[Lane, Hold] = field(default_factory=dict)
    open_asked: Mapping[Lane, float] = field(default_factory=dict)
    opened: Mapping[Lane, Opened] = field(default_factory=dict)
    suspected: Mapping[Lane, Shut] = field(default_factory=dict)
    woken: Mapping[Lane, float] = field(default_factory=dict)

    @property
    def fault(self) -> Symptom | None:
        """What keeps KoboMobile from working for anybody: CREDENTIALS, GATEWAY or None."""
        faults = (fault for fault in FAULTS if any(each.is_for(fault) for each in self.closed.values()))
        return next(faults, None)


def is_woken(woken: Mapping[Lane, float], lane: Lane, quiet: QuietPeriod) -> bool:
    """Tell whether an operator has opened `lane` for the rest of this quiet period; the next one holds again."""
    return quiet.begin - RESTS_EARLIER <= woken.get(lane, 0.0) < quiet.end
