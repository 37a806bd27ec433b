"""What must be remembered once a world has come to rest: nothing that `kobo why` tells is missing, or told wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from typing import Any, cast

from kobo_cli.reports.why.story import tell
from kobo_sms.messages.states import State
from kobo_sms.reports.records import rounds_of
from kobo_sms.sending.attempts import DIED, HISTORY, RETRIED, Attempt, Attempts, attempts_of
from kobo_sms.table import iso
from kobo_sms.valve.changes import changes_of
from kobo_sms.valve.store import ValveStore
from tests.robustness.simulation.dynamodb import FakeDynamoDB, calm
from tests.robustness.simulation.functions import TABLE
from tests.robustness.simulation.world import World


class MemoryInspection:
    """Looks through a world at rest; `violations` yields what is not remembered of it."""

    def __init__(self, world: World) -> None:
        self._world = world
        client = FakeDynamoDB(calm())
        client.items = world.dynamodb.items
        self._valve = ValveStore(cast("Any", client), TABLE).read()
        self._requests: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for item in world.dynamodb.parts():
            self._requests[item["id"]].append(item)

    def violations(self) -> Iterator[str]:
        """Yield everything that does not hold."""
        for items in self._requests.values():
            for item in items:
                name = f"{item['id']}/{item['part']}"
                # An invocation that stalls between its look at the clock and its write remembers an earlier moment.
                late = name in self._world.ledger.doubted
                yield from (f"{name}: {found}" for found in _of_part(item, late=late))
            yield from self._told(items)
        yield from self._changes()

    def _told(self, items: list[dict[str, Any]]) -> Iterator[str]:
        rows = tell(items, self._valve, None, self._world.now, iso)
        if [row.at for row in rows] != sorted(row.at for row in rows):
            yield f"{items[0]['id']}: not told in order"
        ends = sum(row.what.endswith("end") for row in rows)
        if ends < sum(item["state"] != State.SPLIT for item in items):
            yield f"{items[0]['id']}: {ends} ends are told of {len(items)} parts"

    def _changes(self) -> Iterator[str]:
        """The valve's item remembers the changes that were seen in it, but the oldest."""
        for lane in ("priority", "bulk"):
            seen = [change.cause for change in self._world.watch.changes if change.lane == lane]
            causes = [change.cause or "" for change in changes_of(self._valve.changes) if change.lane == lane]
            # One that is closed anew for the same cause is a change in the item only.
            told = [cause for cause, _ in groupby(causes)]
            if told != seen[len(seen) - len(told) :] or (not self._valve.changes.left_out and len(told) != len(seen)):
                yield f"{lane}: {seen} was seen, {told} is remembered"


def _of_part(item: dict[str, Any], *, late: bool) -> Iterator[str]:
    attempts, rounds, history = attempts_of(item), rounds_of(item), HISTORY.read(item)
    if "reopened_for" in item:
        # An operator's retry counts anew, and keeps what was before.
        enough = len(history.events) + history.left_out > item["calls"]
    else:
        enough = len(history.events) + history.left_out == item.get("calls", 1)
    if not enough:
        yield f"{len(history.events)} attempts and {history.left_out} left out are not {item.get('calls')}"
    yield from _in_order(attempts, late=late)
    if any("msgid" in known for known in item["recipients"].values()):
        if not rounds.known:
            yield "no round of reports is remembered"
        elif rounds.known[-1].next_at is not None:
            yield "another round is to come"


def _in_order(attempts: Attempts, *, late: bool) -> Iterator[str]:
    answered = [each for each in attempts.ended if each.answer not in (DIED, RETRIED)]
    if not late and [each.at for each in answered] != sorted(each.at for each in answered):
        yield "the attempts are not in order"
    made = [each for each in attempts.ended if each.answer != RETRIED]
    if any(each.lane is None or (each.claimed_at or 0.0) > each.at for each in made):
        yield "an attempt without a lane, or answered before it began"
    *before, last = _lives(attempts)
    if last and last[-1].next_at is not None:
        yield "the last attempt is tried again"
    # A message that was lost on its way was to be tried again, and was not before an operator did so.
    if any(each.next_at is None for life in (*before, last) for each in life[:-1]):
        yield "an attempt is not tried again though it has not ended"


def _lives(attempts: Attempts) -> Iterator[list[Attempt]]:
    """Yield the answered attempts before each retry of an operator, and after the last one."""
    life: list[Attempt] = []
    for each in attempts.ended:
        if each.answer == RETRIED:
            yield life
            life = []
        elif each.answer != DIED:
            life.append(each)
    yield life
