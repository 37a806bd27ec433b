"""What one run of the poller did, for logs, metrics and counters (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from kobo_sms.messages.states import State
from kobo_sms.reports.counts import Counts
from kobo_sms.reports.rounds import Ended


@dataclass(frozen=True)
class PutOff:
    """A part (request id, name) that could not be polled for its own sake: why, for which time in a row, and until
    when (epoch seconds) it was put off."""

    key: tuple[str, str]
    error: Exception
    times: int
    until: float


@dataclass
class Tally:
    """What one run of the poller did: parts written, calls made, those left without an answer, and what came of them.

    `fault` is why it began with caution: calls of send/ fail (`gateway`, `credentials`). `stopped` tells why it asked
    no more though parts were due: `gateway`, `credentials`, `time` or None; `failure` is the error that ended it, for
    the caller to raise. `unreadable` names what it did without, as nobody could read its item, and why.
    `seconds_to_report` are those from sent to our knowing of a delivery, by original network.
    """

    parts: int = 0
    calls: int = 0
    unanswered: int = 0
    fault: str | None = None
    stopped: str | None = None
    failure: Exception | None = None
    faulty: list[PutOff] = field(default_factory=list)
    unreadable: dict[str, Exception] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    seconds_to_report: dict[str, list[float]] = field(default_factory=dict)

    @property
    def put_off(self) -> int:
        """How many parts were put off."""
        return len(self.faulty)

    def take(self, ended: Iterable[Ended], pages: int = 0) -> None:
        """Count one part that was written, those of its recipients that have come to an end by it, and the pages that
        it was found to have been sent as."""
        self.parts += 1
        self.counts.pages += pages
        ends = list(ended)
        self.counts.add(ends)
        for each in ends:
            if each.state == State.DELIVERED and each.high is not None:
                self.seconds_to_report.setdefault(each.network, []).append(each.high)
