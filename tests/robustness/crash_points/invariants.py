"""What must hold once nothing is left to do, however the processes died or met."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kobo_sms.messages.lanes import DEAD_AFTER
from tests.robustness.crash_points.lives import Life
from tests.robustness.crash_points.scenarios import GIVEN_UP, IN_DOUBT, IN_DOUBT_DEAD, End, Order

# How often an SMS in this state may have been executed.
_EXECUTED = {"sent": {1}, "rejected": {0}, "failed": {0}, "lapsed": {0}, "unknown": {0, 1}, None: {0}}


@dataclass
class Evidence:
    """What the mock, the table and the queues show of a run. Texts tell requests apart."""

    executed: Counter[tuple[str, str]] = field(default_factory=Counter)
    uuids: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    calls: dict[str, list[dict[str, str]]] = field(default_factory=lambda: defaultdict(list))
    dead: Counter[str] = field(default_factory=Counter)
    left: int = 0
    without_reason: int = 0


def gather(life: Life) -> Evidence:
    world, found = life.world, Evidence()
    for sms in world.mock.messages:
        found.executed[sms["msg"], sms["to"]] += 1
        found.uuids[sms["msg"], sms["to"]].add(sms["message_uuid"])
    for call in world.mock.list_calls(endpoint="send"):
        parameters = call["parameters"]
        found.calls[parameters["message_uuid"]].append(parameters)
    for body, notes in world.lane.dead():
        found.dead[json.loads(body)["msg"] if body.endswith("}") else body] += 1
        found.without_reason += not notes.get("Reason")
    found.left = world.lane.left()
    return found


def broken(life: Life, *, overtaken: bool = False) -> list[str]:
    """Return what does not hold; `overtaken`: a process went on after another had taken its claim over."""
    found = gather(life)
    texts = {life.text(order) if order.body is None else order.body for order in life.scenario.all_orders}
    problems = [
        *(f"{found.left} messages left on the queue" for _ in range(found.left > 0)),
        *("a dead letter gives no reason" for _ in range(found.without_reason)),
        *(f"dead, and nobody's: {text}" for text in found.dead.keys() - texts),
        *(f"executed, and nobody's: {text}" for text, _ in found.executed if text not in texts),
        *(
            f"calls of one message_uuid differ: {same}"
            for same in found.calls.values()
            if any(one != same[0] for one in same)
        ),
    ]
    for order in life.scenario.all_orders:
        problems += _of_order(life, order, found, overtaken)
    return problems


def _holds(item: dict[str, Any], number: str) -> bool:
    """Tell whether `number` ends in this part; a part that was split holds only whom it left out."""
    return number in item["recipients"] and (item["state"] != "split" or "state" in item["recipients"][number])


def _of_order(life: Life, order: Order, found: Evidence, overtaken: bool) -> Iterator[str]:
    items = life.items(order)
    if order.end.state is None:
        items = []
    for item in items:
        if {"lease", "lease_until", "leases"} & item.keys():
            yield f"the claim on part {item['part']} is not free: {item}"
    ends = set()
    for number in order.to:
        at = life.text(order), number
        holders = [item for item in items if _holds(item, number)]
        if len(holders) != (order.end.state is not None):
            yield f"{number} stands in the parts {[item['part'] for item in holders]}"
            continue
        state = _state(holders[0], number) if holders else None
        allowed = expected(life, order, number, overtaken)
        if state not in {end.state for end in allowed}:
            yield f"{number} of {order.key} is {state}, not {allowed}: {holders}"
        if found.executed[at] not in _EXECUTED.get(state, {0}):
            yield f"{number} of {order.key} is {state} and was executed {found.executed[at]} times"
        if found.uuids[at] - {item["message_uuid"] for item in holders}:
            yield f"{number} of {order.key} was sent under a message_uuid that is not its part's"
        ends |= {end.dead for end in allowed if end.state == state}
    dead = found.dead[order.body or life.text(order)] > 0
    if ends and dead not in ends and not (dead and True in ends):
        yield f"order {order.key}: dead letters {found.dead}, wanted {ends}"


def expected(life: Life, order: Order, number: str, overtaken: bool) -> set[End]:
    """Return the ends that are right for this number: one, unless processes met or several died."""
    clean = order.end_of(number)
    if overtaken:
        companions = frozenset(order.to)
        return {clean, *(order.end_in_doubt(number, companions, executed) for executed in (True, False))}
    if (order.key, number) not in life.doubted:
        # The pauses after two deaths may be as long as a message is tried at all.
        return {clean, GIVEN_UP} if life.died * life.scenario.pause >= DEAD_AFTER else {clean}
    companions, executed = life.doubted[order.key, number]
    end = order.end_in_doubt(number, companions, executed)
    return {end} if life.died < 2 else {clean, end, IN_DOUBT, IN_DOUBT_DEAD}


def _state(item: dict[str, Any], number: str) -> Any:
    return item["recipients"][number].get("state", item["state"])
