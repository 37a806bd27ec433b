"""What must be remembered once a world has come to rest: nothing that `kobo why` tells is missing, or told wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from typing import Any, cast

from kobo_cli.reports.why.story import tell
from kobo_sms.messages.states import State
from kobo_sms.reports.asked import rounds_of
from kobo_sms.sending.attempts import DIED, HISTORY, Attempts, attempts_of
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
                yield from (f"{item['id']}/{item['part']}: {found}" for found in _of_part(item))
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


def _of_part(item: dict[str, Any]) -> Iterator[str]:
    attempts, rounds, history = attempts_of(item), rounds_of(item), HISTORY.read(item)
    if len(history.events) + history.left_out != item.get("calls", 1):
        yield f"{len(history.events)} attempts and {history.left_out} left out are not {item.get('calls')}"
    yield from _in_order(attempts)
    if any("msgid" in known for known in item["recipients"].values()):
        if not rounds.known:
            yield "no round of reports is remembered"
        elif rounds.known[-1].next_at is not None:
            yield "another round is to come"


def _in_order(attempts: Attempts) -> Iterator[str]:
    answered = [each for each in attempts.ended if each.answer != DIED]
    if [each.at for each in answered] != sorted(each.at for each in answered):
        yield "the attempts are not in order"
    if any(each.lane is None or (each.claimed_at or 0.0) > each.at for each in attempts.ended):
        yield "an attempt without a lane, or answered before it began"
    again = [each.next_at is not None for each in answered]
    if answered and again != [True] * (len(again) - 1) + [False]:
        yield "an attempt is not tried again though it has not ended, or the last one is"
