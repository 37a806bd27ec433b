"""Worlds in which KoboMobile works for a share of the calls only: how fast the texts go out all the same.

`python -m tests.robustness.simulation --flaky 500` runs many; each is compared with the same world without the flaw.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from tests.robustness.simulation.chaos import CALM, Odds
from tests.robustness.simulation.flaws import NETWORK_SHARE, Flaw
from tests.robustness.simulation.outages import MOST_LOST
from tests.robustness.simulation.run import Result, inspect
from tests.robustness.simulation.scenario import draw_flaw
from tests.robustness.simulation.stage import HOUR, event, stage, texts
from tests.robustness.simulation.stored import BULK, PRIORITY

# Guarantee 9: of what the good answers allow, and the seconds that a breaker tripped by chance costs.
PROMISED, GRACE = 0.8, 4.0
# Of the time between bursts in which all calls fail: seconds pass until it is known that one is over.
PROMISED_BETWEEN_BURSTS = 0.5
# Between bursts shorter than this the seconds are most of the time.
SHORT_BURST, PROMISED_BETWEEN_SHORT_BURSTS = 10.0, 0.2
TEXTS, CALLS_AT_ONCE = 400, 4
# As many as work side by side: with one of them cut off, this share of the calls is.
_ENVIRONMENTS = 5
KILLS = Odds(crash=0.002)
_ACCEPTED = ("ids", "sent")


@dataclass(frozen=True)
class Progress:
    """When (seconds) half of the texts of a lane were accepted, how many were in all, and whether the valve closed."""

    half_after: float
    accepted: int
    closed: Sequence[str]
    violations: tuple[str, ...] = ()


def hit(flaw: Flaw) -> float:
    """Return the share of all calls that `flaw` befalls."""
    share = flaw.share
    if flaw.network:
        share *= NETWORK_SHARE
    if flaw.environment is not None:
        share /= _ENVIRONMENTS
    return share / 2 if flaw.burst else share


def allowed(flaw: Flaw) -> float:
    """Return by when (seconds) half of the texts are to be accepted, where the flaw leaves a gateway that works."""
    if hit(flaw) > MOST_LOST:
        return float("inf")
    promised = PROMISED_BETWEEN_BURSTS if flaw.burst else PROMISED
    if 0 < flaw.burst < SHORT_BURST:
        promised = PROMISED_BETWEEN_SHORT_BURSTS
    return without_flaws() / promised / (1 - hit(flaw)) + GRACE + flaw.burst


def live(flaw: Flaw | None, lane: str = PRIORITY, *, seed: int = 1, odds: Odds = CALM, finish: bool = True) -> Progress:
    """Put texts on a lane while `flaw` lasts, and return how they fare."""
    events = [event(0.0, "spoil", flaw=flaw, lasting=HOUR)] if flaw else []
    with stage(texts(TEXTS, lane), events, seed=seed, odds=odds, calls_at_once=CALLS_AT_ONCE) as on:
        on.run(HOUR)
        at = sorted(call.at for call in on.calls() if call.answer in _ACCEPTED and call.lane == lane)
        begin = on.world.scenario.publications[0].at
        half = at[TEXTS // 2 - 1] - begin if len(at) >= TEXTS // 2 else float("inf")
        closed = [cause for _, cause in on.changes(lane) if cause]
        violations: tuple[str, ...] = ()
        if finish:
            on.world.fate.heal()
            on.world.rest()
            violations = inspect(on.world)
        return Progress(half, len(at), closed, violations)


@cache
def without_flaws() -> float:
    """Return when (seconds) half of the texts are accepted by a gateway that works."""
    return live(None, finish=False).half_after


def simulate_flaky(seed: int) -> Result:
    """Run the flaky world of `seed`, and return what does not hold."""
    rng = random.Random(f"flaky {seed}")
    flaw, lane = draw_flaw(rng), rng.choice((PRIORITY, BULK))
    progress = live(flaw, lane, seed=seed, odds=rng.choice((CALM, CALM, KILLS)))
    found = list(progress.violations)
    if flaw.lane not in ("", lane):
        # The other lane's trouble is none of this one's.
        flaw = replace(flaw, share=0.0)
    if progress.half_after > allowed(flaw):
        found.append(f"half of the texts after {progress.half_after:.1f} s, not {allowed(flaw):.1f} s: {flaw}")
    return Result(seed, tuple(found), "", progress.accepted, progress.accepted, "--flaky ")
