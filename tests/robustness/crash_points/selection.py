"""Which cases run. All with KOBO_FAULTS=all; CI has no time for those that only repeat another one:

- Nothing of a process outlives it, so dying before a step leaves what dying after the step before left. CI dies after
  every step, and before the first of each invocation; before every step too in CORE's first scenario.
- Reading the secret changes nothing, so dying around it leaves what the invocation found, and two invocations that
  meet there meet at the step after it. CI does both in CORE's first scenario only.
- After a claim nothing has been asked yet, whatever KoboMobile is going to answer, and a failure signal is no more than
  one count. CI dies after both in the scenarios named in CORE only.
- What differs only in how KoboMobile words an answer of the same kind is as it was in all that outlives a process. CI
  runs the scenarios of LIKE undisturbed, and dies in those that they are like.
- What KoboMobile says to a repeat matters once it has executed a call whose answer died. CI dies in REPEATS there only.
- The records of a batch are worked off one by one: of a batch of 10, CI dies in the first, a middle and the last.
- Two invocations meet at every pair of steps, once the claim has run out; while it holds, in the scenarios named in
  HELD. The first of two is the first to go on; in CORE's first scenario the second, too. In the scenarios that are not
  in HELD they meet at every other pair.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from tests.robustness.crash_points.invocations import Point
from tests.robustness.crash_points.scenarios import REPEATS, Scenario
from tests.robustness.crash_points.steps import ASK, SIGN

ALL = os.environ.get("KOBO_FAULTS") == "all"
CORE = ("sent", "param", "billing_once", "reset_after", "halved_by_limit")
# A refusal shows what KoboMobile's own idempotency hides: that a claim was taken over while it held.
HELD = ("sent", "param")
READS = "login"
LIKE = {
    "sent_as_json": "sent",
    "limit": "param",
    "sender_id": "param",
    "new_error_once": "billing_once",
    "unreachable": "gateway_given_up",
    **{f"{how}_{when}": f"reset_{when}" for how in ("html_503", "empty", "garbage") for when in ("before", "after")},
}


def points(scenario: Scenario, records: Iterable[int] | None = None) -> Iterator[Point]:
    """Return where to die; `records`: of the first invocation of a batch only these."""
    if scenario.name in LIKE and not ALL:
        return
    if scenario in REPEATS and not ALL:
        yield scenario.steps.index("ask"), "after"
        return
    wanted = None if records is None or ALL else {step for at in records for step in _of_record(scenario, at)}
    first = _firsts(scenario)
    for step, name in enumerate(scenario.steps):
        if wanted is not None and step not in wanted:
            continue
        if name == READS and not (ALL or scenario.name == CORE[0]):
            continue
        if (name == SIGN or _is_claim(scenario, step)) and not (ALL or scenario.name in CORE):
            continue
        if ALL or step in first or scenario.name == CORE[0]:
            yield step, "before"
        yield step, "after"


def thinned(a: int, b: int) -> bool:
    """Tell whether CI leaves out that two invocations meet at these steps: of two neighbours one is left."""
    return not ALL and (a + 2 * b) % 4 > 1


def _is_claim(scenario: Scenario, step: int) -> bool:
    return scenario.steps[step] == "write" and scenario.steps[step + 1 : step + 2] == [ASK]


def _firsts(scenario: Scenario) -> set[int]:
    firsts, at = set(), 0
    for invocation in scenario.life.split("|"):
        firsts.add(at)
        at += len(invocation.split())
    return firsts


def _of_record(scenario: Scenario, record: int) -> Iterator[int]:
    """Return the steps of one record of the first invocation: each record begins with its claim's write."""
    starts = [step for step, name in enumerate(scenario.life.split("|")[0].split()) if name == "ask"]
    end = starts[record + 1] - 1 if record + 1 < len(starts) else len(scenario.life.split("|")[0].split())
    yield from range(starts[record] - 1, end)
