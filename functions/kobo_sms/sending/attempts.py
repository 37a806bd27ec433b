"""Claims on a part, and what its item remembers of the attempts made under them, for `kobo why`: each with its times,
its answer and what followed.

An attempt that is under way, or whose process died, is known by its entry in the set `leases`, which the claim writes.
Writing the outcome moves the entries into the list `history`. Items of older releases remember less: `leases` without
times, and a history without lanes and next tries.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kobo_sms.messages.parts import Part
from kobo_sms.messages.states import State
from kobo_sms.sending.decisions import Decision, Known, Next
from kobo_sms.table import History, HistoryAttribute, Item, cut, moment

HISTORY = HistoryAttribute("history", first=10, last=40, most_bytes=9_000)
# Instead of an answer: KoboMobile was not asked; the process ended before it wrote what came of the attempt.
NOT_ASKED, DIED = "none", "died"
# No attempts but an operator's orders, which stand among them.
RETRIED, DROPPED = "retried by an operator", "dropped by an operator"
_LONGEST_ANSWER = 80


@dataclass(frozen=True)
class Lease:
    """A claim that was taken at `at` (epoch seconds) for a message of `lane`; None where an older release took it.

    `probe`: the lane was closed or suspected, and check_credit let the message through.
    """

    token: str
    at: float | None = None
    lane: str | None = None
    probe: bool = False

    def to_text(self) -> str:
        """Return the entry in the set."""
        taken = "" if self.at is None else f" {self.at:.3f} {self.lane or '-'}"
        return f"{self.token}{taken}{' probe' if self.probe else ''}"

    @classmethod
    def from_text(cls, text: str) -> Lease:
        """Return what an entry says; older releases kept the token alone."""
        token, *rest = text.split(" ")
        try:
            at, lane = float(rest[0]), rest[1]
        except (IndexError, ValueError):
            return cls(token)
        return cls(token, at, lane if lane != "-" else None, "probe" in rest[2:])


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


@dataclass(frozen=True)
class Attempt:
    """One attempt; moments in epoch seconds.

    `answer` is KoboMobile's, NOT_ASKED, DIED, RETRIED or DROPPED; `at` is when it came, for DIED when the attempt
    began. `state` is what the part came to by it, `attempts` how many counted towards MaxAttempts by then. `next_at`
    is when the message was to come back, None if it was done; `dead`: it went to the dead-letter queue. None where an
    older release wrote it.
    """

    at: float
    answer: str
    state: str
    claimed_at: float | None = None
    lane: str | None = None
    probe: bool = False
    attempts: int | None = None
    next_at: float | None = None
    dead: bool = False

    def to_item(self) -> Item:
        """Return the event that is kept; what is None or False is left out."""
        times = {"at": self.at, "claimed_at": self.claimed_at, "next_at": self.next_at}
        known: Item = {name: moment(value) for name, value in times.items() if value is not None}
        known |= {"answer": cut(self.answer, _LONGEST_ANSWER), "state": str(self.state), "attempts": self.attempts}
        known |= {"lane": self.lane and str(self.lane), "probe": self.probe or None, "dead": self.dead or None}
        return {name: value for name, value in known.items() if value is not None}

    @classmethod
    def from_item(cls, event: Item) -> Attempt:
        """Return what an event says."""
        return cls(
            float(event["at"]),
            event["answer"],
            event["state"],
            _seconds(event.get("claimed_at")),
            event.get("lane"),
            "probe" in event,
            int(event["attempts"]) if "attempts" in event else None,
            _seconds(event.get("next_at")),
            "dead" in event,
        )


@dataclass(frozen=True)
class Attempts:
    """The attempts whose outcome is known, oldest first; `left_out` more lie before the one at the place `gap`.

    `open`: those without an outcome, the one that holds the claim last.
    """

    ended: Sequence[Attempt]
    left_out: int
    gap: int
    open: Sequence[Lease]

    @property
    def lanes(self) -> list[str]:
        """The lanes that the part's messages came on, as far as they are known, the last one last."""
        return [lane for lane in (*(each.lane for each in self.ended), *(each.lane for each in self.open)) if lane]


def attempts_of(item: Mapping[str, Any]) -> Attempts:
    """Return what the item of a part remembers of its attempts."""
    history = HISTORY.read(item)
    ended = [Attempt.from_item(event) for event in history.events]
    # Older releases counted neither what they left out nor who died.
    forgotten = max(history.left_out, int(item.get("calls", 0)) - len(ended))
    gap = history.gap if history.left_out or len(ended) > HISTORY.first else 0
    return Attempts(ended, forgotten, gap, leases_of(item))


def leases_of(item: Mapping[str, Any]) -> list[Lease]:
    """Return the claims that have no outcome, the earliest first, the one that holds last."""
    leases, holder = map(Lease.from_text, item.get("leases", ())), item.get("lease")
    return sorted(leases, key=lambda each: (each.token == holder, each.at or 0.0, each.token))


def died_under(leases: Iterable[Lease], unknown_at: float) -> list[Attempt]:
    """Return the attempts that ended without an outcome; one whose time is not known gets `unknown_at`."""
    return [Attempt(each.at or unknown_at, DIED, State.SENDING, each.at, each.lane, each.probe) for each in leases]


def ended_under(lease: Lease, decision: Decision, *, now: float, label: str, next_at: float | None = None) -> Attempt:
    """Return the attempt made under `lease`, as `decision` ends it; `label` names the answer."""
    dead = decision.next is Next.DEAD_LETTER
    return Attempt(now, label, decision.state, lease.at, lease.lane, lease.probe, decision.attempts, next_at, dead=dead)


def _seconds(kept: Decimal | None) -> float | None:
    return None if kept is None else float(kept)
