"""The distribution of delivery times changed half way: does the learned schedule follow?

    .venv/bin/python -m benchmarks.learned_schedule [--write docs/learned-schedule.svg]

A day of one network in simulated time, through the real `reports.schedule` and `reports.counts`: a message every two
seconds, a run of the poller every minute, what was learned read again every five. Until noon half of the deliveries
take two and a half minutes, afterwards twelve; one in 25 phones is off for between half an hour and two days. Beside
it the same day with the schedule that is assumed before anything is known, and with a fixed one that waits half the
part's age, as this poller once did.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import click

from benchmarks.svg import Panel, write
from kobo_sms.reports import schedule
from kobo_sms.reports.counts import Counts, quarter, recent
from kobo_sms.reports.poller import ENOUGH_OBSERVATIONS
from kobo_sms.reports.rounds import Ended
from kobo_sms.reports.schedule import BINS, DeliveryTimes, Pace, next_gap

HOUR = 3600.0
DAY, NOON = 24 * HOUR, 12 * HOUR
EVERY, TICK, READ_AGAIN, LOOK_BACK = 2.0, 60.0, 300.0, 8 * HOUR
WINDOW = 0.5 * HOUR
HALF_HOUR = 1800.0
BEFORE, AFTER = 150.0, 720.0
PACE = Pace(first_after=120.0, give_up_after=72 * HOUR)
NETWORK = schedule.MTN
DRAWN = "docs/learned-schedule.svg"
Gap = Callable[[float, float], float]


@dataclass
class Message:
    """One message: when it was sent and final, when it was last asked about, how often, and when we knew."""

    sent: float
    final: float
    asked: float = 0.0
    calls: int = 0
    known: float = math.inf


@dataclass
class Learner:
    """What poll_reports keeps in the table, in memory."""

    quarters: dict[str, Counts] = field(default_factory=dict)
    times: Mapping[str, DeliveryTimes] = field(default_factory=dict)
    read_at: float = -math.inf

    def gap(self, now: float, age: float) -> float:
        """Return the wait until the next question."""
        if now - self.read_at >= READ_AGAIN:
            newest = [
                self.quarters[name] for name in sorted(self.quarters, reverse=True) if name >= quarter(now - LOOK_BACK)
            ]
            histograms = recent([dict(counts.attributes()) for counts in newest], [NETWORK], ENOUGH_OBSERVATIONS)
            self.times = {NETWORK: DeliveryTimes(histograms[NETWORK], PACE)}
            self.read_at = now
        return next_gap(age, {NETWORK: 1}, self.times, PACE, DRAWS.random())

    def learn(self, message: Message, now: float) -> None:
        """Take note of a final report."""
        low, high = message.asked, now - message.sent
        ended = Ended("delivered", None, NETWORK, "Shop", low, high)
        self.quarters.setdefault(quarter(now), Counts()).add([ended])


DRAWS = random.Random(1)


def assumed(_now: float, age: float) -> float:
    """Return the wait when nothing is ever learned."""
    return next_gap(age, {NETWORK: 1}, {NETWORK: DeliveryTimes([0.0] * BINS, PACE)}, PACE, 0.5)


def half_the_age(_now: float, age: float) -> float:
    """Return the wait of the fixed schedule."""
    return min(max(age / 2, 60.0), HOUR)


def send(seed: int) -> list[Message]:
    """Return the day's messages."""
    rng, found = random.Random(seed), []
    for at in range(int(DAY / EVERY)):
        sent = at * EVERY
        if rng.random() < 0.04:
            seconds = HALF_HOUR * 96 ** rng.random()
        else:
            seconds = rng.lognormvariate(math.log(BEFORE if sent < NOON else AFTER), 0.5)
        found.append(Message(sent, sent + seconds))
    return found


def poll(
    messages: list[Message], gap: Gap, learn: Callable[[Message, float], None] = lambda message, now: None
) -> None:
    """Ask about all until they are final, at the first tick after they are due."""
    due = [(_tick(message.sent + PACE.first_after), at) for at, message in enumerate(messages)]
    heapq.heapify(due)
    while due:
        now, at = heapq.heappop(due)
        message = messages[at]
        message.calls += 1
        if message.final <= now:
            message.known = now
            learn(message, now)
            continue
        age = now - message.sent
        message.asked = age
        heapq.heappush(due, (_tick(now + gap(now, age)), at))


def _tick(at: float) -> float:
    return math.ceil(at / TICK) * TICK


def by_window(messages: list[Message], value: Callable[[list[Message]], float]) -> list[tuple[float, float]]:
    """Return a value of the messages sent in each half hour: hours and value."""
    windows: dict[float, list[Message]] = defaultdict(list)
    for message in messages:
        windows[message.sent // WINDOW * WINDOW].append(message)
    return [((start + WINDOW / 2) / HOUR, value(sent)) for start, sent in sorted(windows.items())]


def lag(messages: list[Message]) -> float:
    """Return the median time from delivery to our knowing, of what was delivered in the first half hour: seconds.

    What was delivered before the first question could be asked waits for that, whatever the schedule: left out.
    """
    waits = [m.known - m.final for m in messages if PACE.first_after <= m.final - m.sent <= HALF_HOUR]
    return median(waits) if waits else 0.0


def calls(messages: list[Message]) -> float:
    """Return the calls of report/ for each message."""
    return sum(message.calls for message in messages) / len(messages)


@click.command()
@click.option(
    "--write", "path", default="docs/learned-schedule.svg", show_default=True, type=click.Path(path_type=Path)
)
def main(path: Path) -> None:
    """Simulate the day three times, print the figures and draw them."""
    learner = Learner()
    days = {"learned": send(7), "nothing learned": send(7), "half the age": send(7)}
    poll(days["learned"], learner.gap, learner.learn)
    poll(days["nothing learned"], assumed)
    poll(days["half the age"], half_the_age)
    tell(days)
    took = by_window(days["learned"], lambda sent: median(m.final - m.sent for m in sent) / 60)
    lags = {name: [(x, y / 60) for x, y in by_window(messages, lag)] for name, messages in days.items()}
    panels = [
        Panel("Median time from sent to delivered", "minutes", {"delivery": took}),
        Panel(
            "Median time from delivered to known, of deliveries in the first half hour", "minutes", lags, 2.0, "promise"
        ),
        Panel("Calls for each message", "calls", {name: by_window(m, calls) for name, m in days.items()}, 1.0, "least"),
    ]
    write(path, panels, x_title="hour at which the message was sent", x_end=24.0, change=12.0)
    click.echo(f"drawn in {path}")


def tell(days: Mapping[str, list[Message]]) -> None:
    """Print what each schedule came to, before the change and from an hour after it."""
    periods = {"before": (2 * HOUR, NOON), "in the hour after": (NOON, NOON + HOUR), "later": (NOON + HOUR, DAY)}
    click.echo(f"{'':<18}{'':<20}calls a message   median wait for a report")
    for name, messages in days.items():
        for period, (start, end) in periods.items():
            sent = [message for message in messages if start <= message.sent < end]
            click.echo(f"{name:<18}{period:<20}{calls(sent):>15.2f}   {lag(sent):>6.0f} s")
    click.echo("the least any poller could do: 1 call a message; a tick each minute alone makes a wait of 30 s")


if __name__ == "__main__":
    main()
