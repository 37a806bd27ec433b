"""What one run of the poller did, and what the reports of a quarter of an hour add up to (pure).

The latter are the counters behind `kobo stats` and the learned schedule, kept as one item of the messages table for
each quarter of an hour (UTC), key `~stats` and `2026-11-22T21:15`. Its attributes are numbers that are only ever added
to: `n|STATE|REASON|NETWORK|SENDER` counts recipients that came to an end, `t|KIND|NETWORK|BIN` the seconds from sent to
final in the bins of `reports.schedule`, KIND being `delivered` or `other`, and `p|sent` the pages of what was sent:
accepted recipients, counted when they are first asked about, times the pages of their text. An observation that is
spread over several bins makes fractions of thousandths.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from kobo_sms.messages.states import State
from kobo_sms.reports.rounds import Ended
from kobo_sms.reports.schedule import BINS, spread
from kobo_sms.table import Item

OTHER_SENDER = "(other)"
# So many sender IDs of one run are told apart: their number is the producers' choice, and each costs.
MOST_SENDERS = 8
_QUARTER = 900
_PAGES = "p|sent"
_BINS = frozenset(map(str, range(BINS)))


def quarter(now: float) -> str:
    """Return the key of the quarter of an hour that `now` (epoch seconds) lies in."""
    return datetime.fromtimestamp(now // _QUARTER * _QUARTER, UTC).strftime("%Y-%m-%dT%H:%M")


@dataclass(frozen=True)
class End:
    """What is counted of a recipient: `reason` is a key of `reports.REASONS`, empty if it was delivered."""

    state: str
    reason: str
    network: str
    sender: str


@dataclass
class Counts:
    """Recipients by their end, seconds from sent to final by network (`delivered`, all `other` ends), `pages` sent."""

    ends: Counter[End] = field(default_factory=Counter)
    delivered: dict[str, list[float]] = field(default_factory=dict)
    other: dict[str, list[float]] = field(default_factory=dict)
    pages: int = 0

    def __bool__(self) -> bool:
        return bool(self.ends or self.pages)

    def add(self, ended: Iterable[Ended]) -> None:
        """Count what has ended by one write."""
        for each in ended:
            self.ends[End(each.state, each.reason or "", each.network, each.sender)] += 1
            if each.low is not None and each.high is not None:
                times = self.delivered if each.state == State.DELIVERED else self.other
                bins = times.setdefault(each.network, [0.0] * BINS)
                for index, share in spread(each.low, each.high).items():
                    bins[index] += share

    def finals(self, network: str) -> list[float]:
        """Return the histogram of every final report of a network."""
        empty = [0.0] * BINS
        pairs = zip(self.delivered.get(network, empty), self.other.get(network, empty), strict=True)
        return [one + other for one, other in pairs]

    def bounded(self) -> Counter[End]:
        """Return the ends with only the most frequent sender IDs told apart."""
        by_sender: Counter[str] = Counter()
        for end, count in self.ends.items():
            by_sender[end.sender] += count
        kept = {sender for sender, _ in by_sender.most_common(MOST_SENDERS)}
        found: Counter[End] = Counter()
        for end, count in self.ends.items():
            sender = end.sender if end.sender in kept else OTHER_SENDER
            found[End(end.state, end.reason, end.network, sender)] += count
        return found

    def attributes(self) -> dict[str, Decimal]:
        """Return what to add to the item of the quarter of an hour."""
        found = {
            f"n|{end.state}|{end.reason}|{end.network}|{end.sender}": Decimal(count)
            for end, count in self.bounded().items()
        }
        for kind, times in (("delivered", self.delivered), ("other", self.other)):
            for network, bins in times.items():
                rounded = {index: Decimal(str(round(count, 3))) for index, count in enumerate(bins)}
                found |= {f"t|{kind}|{network}|{index}": count for index, count in rounded.items() if count}
        return found | ({_PAGES: Decimal(self.pages)} if self.pages else {})

    def take_item(self, item: Item) -> None:
        """Add what one item holds; counters that a release to come has added are passed over."""
        for name, value in item.items():
            kind, *words = name.split("|", 4 if name.startswith("n|") else -1)
            if kind == "n" and len(words) == 4:
                # A sender ID may be any printable text, and stands last.
                self.ends[End(*words)] += int(value)
            elif kind == "t" and len(words) == 3 and words[0] in ("delivered", "other") and words[2] in _BINS:
                times = self.delivered if words[0] == "delivered" else self.other
                times.setdefault(words[1], [0.0] * BINS)[int(words[2])] += float(value)
        self.pages += int(item.get(_PAGES, 0))


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


def recent(items: Iterable[Item], networks: Iterable[str], enough: float) -> Mapping[str, list[float]]:
    """Return a histogram of final reports for each network from its newest items (newest first), until they hold
    `enough` observations: what lies further back is forgotten."""
    found = {network: [0.0] * BINS for network in networks}
    for item in items:
        counts = Counts()
        counts.take_item(item)
        for network, bins in found.items():
            if sum(bins) < enough:
                found[network] = [one + more for one, more in zip(bins, counts.finals(network), strict=True)]
    return found
