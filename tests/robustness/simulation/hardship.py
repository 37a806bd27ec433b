"""What telling meets: how Lambda hands the stream out, and what AWS refuses."""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass, replace

from tests.robustness.simulation.chaos import CALM, Odds
from tests.robustness.simulation.publications import DAY, HOUR, START

_NEVER = (0.0, 0.0)


@dataclass(frozen=True)
class Hardship:
    """How telling is made hard.

    Parameters
    ----------
    delay
        The most seconds until Lambda looks at a shard in which there is something new.
    refused, left, throttled
        The shares of the events that EventBridge refuses for now, of the look-up entries that DynamoDB leaves
        unprocessed, and of the calls of each service that fail as a whole.
    malformed
        One event in so many is never taken; 0: none.
    again, twice
        How likely a batch that is done is handed out again, and is at two invocations at once.
    outage
        From when to when EventBridge takes nothing.
    """

    shards: int = 1
    batch_size: int = 100
    delay: float = 0.25
    odds: Odds = CALM
    refused: float = 0.0
    left: float = 0.0
    throttled: float = 0.0
    malformed: int = 0
    again: float = 0.0
    twice: float = 0.0
    outage: tuple[float, float] = _NEVER

    def is_malformed(self, event_id: str) -> bool:
        """Tell whether EventBridge never takes this event."""
        return bool(self.malformed) and zlib.crc32(event_id.encode()) % self.malformed == 0


def draw_hardship(rng: random.Random) -> Hardship:
    """Draw how hard telling is in one world."""
    easy = Hardship(rng.choice((1, 2, 4)), delay=rng.choice((0.25, 5.0, 300.0, HOUR)))
    if rng.random() < 0.1:
        return easy

    def some(*choices: float) -> float:
        return rng.choice((0.0, *choices))

    return replace(
        easy,
        batch_size=rng.choice((1, 3, 10, 10, 10, 30, 100)),
        odds=Odds(crash=some(0.01, 0.03), stall=some(0.01), aws_error=some(0.01, 0.1), aws_repeat=some(0.1)),
        refused=some(0.01, rng.uniform(0.01, 0.6), rng.uniform(0.01, 0.6)),
        left=some(0.1, 0.5),
        throttled=some(0.0, 0.05, 0.2),
        malformed=rng.choice((0, 0, 30)),
        again=some(0.2),
        twice=some(0.1),
        outage=_outage(rng),
    )


def _outage(rng: random.Random) -> tuple[float, float]:
    if rng.random() > 0.2:
        return _NEVER
    begin = START + rng.uniform(0, HOUR)
    # Past a day what was not told is given up.
    return begin, begin + rng.choice((60.0, HOUR, HOUR, 1.2 * DAY))
