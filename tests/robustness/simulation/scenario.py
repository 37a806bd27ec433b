"""The random plan of one world: what is queued when, and what befalls everybody. A function of the seed alone."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kobo_sms.messages.quiet_hours import QuietHours
from tests.robustness.simulation.chaos import CALM, Odds
from tests.robustness.simulation.flaws import LOST, NETWORK, REFUSED, Flaw
from tests.robustness.simulation.publications import DAY, HOUR, NO_CREDIT, START, Publication, draw_request
from tests.robustness.simulation.stored import BULK, PRIORITY


@dataclass(frozen=True)
class Event:
    """Something that befalls the world at `at`; `what` names a method of Fate's."""

    at: float
    what: str
    arguments: dict[str, Any]


@dataclass
class Scenario:
    """All that is drawn before the world starts."""

    odds: Odds = CALM
    publications: list[Publication] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    dialect: dict[str, Any] = field(default_factory=dict)
    balance: int = 100_000
    max_attempts: int = 12
    retry_max: float = 3600.0
    max_receives: int = 1000
    low: int = 5000
    critical: int = 1000
    calls_at_once: int = 2
    batch_sizes: tuple[int, ...] = (5,)
    # The ticks of check_credit grow this rare while nothing happens.
    rarest_check: float = 60.0
    quiet_hours: QuietHours | None = None

    @property
    def smooth(self) -> bool:
        """Whether AWS works well all the time."""
        return self.odds == CALM

    delivery: tuple[float, float] = (1.0, 600.0)
    end: float = START + DAY


def draw(rng: random.Random) -> Scenario:
    """Draw a scenario."""
    # With the default of 900 a part that waits for 13 days is received 2,500 times, which takes seconds.
    lot = rng.random()
    retry_max = 900.0 if lot < 0.05 else 3600.0
    scenario = Scenario(_odds(rng), max_attempts=rng.choice((2, 4, 12)), retry_max=retry_max)
    scenario.dialect, scenario.delivery = _dialect(rng), rng.choice(((1.0, 100.0), (1.0, 100.0), (1.0, 2000.0)))
    scenario.balance = rng.choice((0, 4, 40, 400, 100_000, 100_000, 100_000))
    scenario.low, scenario.critical = rng.choice(((0, 0), (30, 10), (5000, 1000)))
    scenario.calls_at_once, scenario.batch_sizes = rng.choice((1, 2)), (1, 1, 3, 5)
    scenario.rarest_check = 6 * HOUR
    # Now and then SQS takes a message away early, as if our code had died a thousand times.
    scenario.max_receives = rng.choice((1000, 1000, 1000, rng.randint(2, 8)))
    numbers = [f"23480301{rng.randrange(100_000):05d}" for _ in range(rng.choice((3, 8, 40)))]
    for at in range(rng.choice((1, 1, 2, 3, 5))):
        scenario.publications += draw_request(rng, f"r{at}", numbers)
    scenario.events += _events(rng)
    # Long enough after a lane was held for a part that waits to reach the age at which SQS would delete it.
    orders = [one for one in scenario.events if one.what == "close" and one.arguments["lasting"]]
    held = [one.at + one.arguments["lasting"] + 2 * DAY for one in orders]
    scenario.end = max([START + DAY, *(end for end in held if end > START + 4 * DAY)])
    if rng.random() < 0.05:
        _strand(rng, scenario)
    return _hold(scenario) if lot < 0.002 else scenario


def _hold(scenario: Scenario) -> Scenario:
    """Have one part wait for 13 days, received more often than SQS allows."""
    scenario.odds, scenario.max_receives, scenario.events = Odds(), 1000, []
    scenario.publications = [Publication(START, PRIORITY, json.dumps({"id": "r0", "to": NO_CREDIT, "msg": "Hello"}))]
    return scenario


def _strand(rng: random.Random, scenario: Scenario) -> None:
    """Have parts get stuck in mid-attempt, and be asked for again about when KoboMobile forgets them."""
    scenario.odds = Odds(crash=0.2)
    scenario.max_receives = 1
    scenario.publications += [
        Publication(one.at + rng.uniform(28.9, 33) * DAY, one.lane, one.body, one.valid)
        for one in scenario.publications
        if one.at < START + HOUR
    ]


def _odds(rng: random.Random) -> Odds:
    if rng.random() < 0.2:
        return Odds()

    def some(*choices: float) -> float:
        return rng.choice((0.0, *choices))

    return Odds(
        crash=some(0.005, 0.03, 0.1),
        stall=some(0.01, 0.05),
        aws_error=some(0.005, 0.05),
        aws_repeat=some(0.02, 0.2),
        refuse=some(0.05, 0.3),
        duplicate=some(0.05, 0.3),
        partial=some(0.05),
        stale=some(0.3),
    )


def _dialect(rng: random.Random) -> dict[str, Any]:
    repeats = ("same", "same", "sent", "error_param", "error_limit", "error_gw", "error_duplicate")
    return {
        # A repeat that is refused for want of credit waits for 13 days.
        "repeat": rng.choice(repeats) if rng.random() < 0.98 else "error_credit",
        "quoting": rng.choice(("plain", "json")),
        "whitespace": rng.random() < 0.2,
        "give_ids": rng.random() < 0.85,
        "id_format": rng.choice(("hex8", "digits")),
        "pair_order": rng.choice(("number", "asked", "reversed")),
        "pair_set": rng.choice(("all", "all", "all", "one_missing", "one_extra")),
        "trailing_tilde": rng.random() < 0.2,
        "err_suffix": rng.random() < 0.3,
    }


def _events(rng: random.Random) -> list[Event]:
    found: list[Event] = []

    def add(what: str, likely: float, **arguments: Any) -> None:
        if rng.random() < likely:
            found.append(Event(START + rng.choice((0.0, rng.uniform(0, 2 * HOUR))), what, arguments))

    for _ in range(rng.choice((0, 1, 2))):
        add("break_kobomobile", 0.8, **_fault(rng), lasting=rng.choice((60.0, HOUR, DAY)))
    for _ in range(rng.choice((0, 0, 1, 2))):
        add("spoil", 0.7, flaw=draw_flaw(rng), lasting=rng.choice((60.0, 600.0, HOUR)))
    for _ in range(rng.choice((0, 1, 3))):
        add("top_up", 0.6, credit=rng.choice((1, 4, 100, 50_000)))
    add("suspend", 0.15, lasting=rng.uniform(60, 6 * HOUR))
    add("rotate", 0.2, gap=rng.choice((0.0, rng.uniform(0, HOUR))))
    lanes = rng.choice(((PRIORITY,), (BULK,), (PRIORITY, BULK)))
    add("close", 0.2, lanes=lanes, lasting=rng.choice((HOUR, 20 * HOUR, rng.uniform(0, 13.5 * DAY), None)))
    add("open_", 0.1, lanes=lanes)
    add("meddle", 0.15, lane=rng.choice((PRIORITY, BULK)), enabled=rng.random() < 0.5)
    add("no_checks", 0.15, lasting=rng.uniform(60, 6 * HOUR))
    # What is rough for long keeps the poller from its work and the simulation busy.
    found.append(Event(START + rng.choice((HOUR, 3 * HOUR, 3 * HOUR, DAY)), "calm_down", {}))
    return found


def draw_flaw(rng: random.Random) -> Flaw:
    """Draw what befalls a share of the calls: at random, in bursts, one lane, some numbers or one function only."""
    share = rng.choice((0.01, 0.1, rng.uniform(0.01, 0.6)))
    narrow: dict[str, Any] = rng.choice(
        (
            {},
            {},
            {"burst": rng.uniform(1.0, 60.0), "share": 1.0},
            {"lane": rng.choice((PRIORITY, BULK)), "share": 1.0},
            {"network": NETWORK, "share": 1.0},
            {"environment": rng.randrange(3), "share": 1.0},
        )
    )
    how: Mapping[str, Any] = rng.choice((*LOST, *REFUSED))
    usual: dict[str, Any] = {"share": share, "how": how, "seed": rng.getrandbits(32)}
    return Flaw(**usual | narrow)


def _fault(rng: random.Random) -> dict[str, Any]:
    drawn: dict[str, Any] = {
        "endpoint": rng.choice(("send", "send", "send", "report", "credit", None, None)),
        "seed": rng.getrandbits(32),
    }
    drawn["probability"] = rng.choice((0.2, 0.6, 1.0))
    if rng.random() < 0.35:
        tokens = ("error_gw", "error_billing", "error_credit", "error_user", "error_param", "error_limit", "error_new")
        return drawn | {"answer": rng.choice(tokens)}
    kind = rng.choice(("timeout", "reset", "html_503", "html_502", "empty", "garbage", "slow"))
    return drawn | {"kind": kind, "when": rng.choice(("before", "after"))}
