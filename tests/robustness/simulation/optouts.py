"""Opt-outs in a world: in one of five, drawn apart from the rest, so that all others live as they did."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from kobo_sms.aws.dynamodb import encode
from kobo_sms.errors import InvalidRequest
from kobo_sms.messages.request import parse
from kobo_sms.optouts.entries import key_of, optout_entries
from tests.robustness.simulation.publications import HOUR, START, Publication
from tests.robustness.simulation.timeline import NEVER

if TYPE_CHECKING:
    from tests.robustness.simulation.world import World

_SHARE = 1 / 5


@dataclass(frozen=True)
class Turn:
    """A number that opts out at `at`, or (`out` is False) in again."""

    at: float
    number: str
    out: bool


def draw_turns(publications: list[Publication], rng: random.Random) -> list[Turn]:
    """Make most requests promotional in some worlds, and return who opts out and in again when."""
    if rng.random() > _SHARE:
        return []
    ids: dict[str, bool] = defaultdict(lambda: rng.random() < 0.8)
    numbers: set[str] = set()
    for at, one in enumerate(publications):
        fields = _fields_of(one)
        if fields is not None and ids[str(fields.get("id", at))]:
            # Copies of a request are all of one kind.
            publications[at] = replace(one, body=json.dumps(fields | {"promotional": True}))
            numbers |= {to for to in fields["to"] if to.isdigit()}
    some = rng.sample(sorted(numbers), min(len(numbers), rng.choice((1, 3, 30))))
    return [turn for number in some for turn in _turns_of(number, rng)]


def _fields_of(one: Publication) -> dict[str, Any] | None:
    return json.loads(one.body) if one.valid and isinstance(json.loads(one.body).get("to"), list) else None


def _turns_of(number: str, rng: random.Random) -> Iterator[Turn]:
    at, out = START + rng.choice((-1.0, rng.uniform(0, HOUR), rng.uniform(0, 3 * HOUR))), True
    yield Turn(at, number, out)
    while rng.random() < 0.3:
        at, out = at + rng.uniform(0, 2 * HOUR), not out
        yield Turn(at, number, out)


class OptOuts:
    """Who has opted out in a world, and when."""

    def __init__(self, world: World, turns: list[Turn]) -> None:
        self._world, self.turns = world, turns

    def begin(self) -> None:
        """Plan the turns; those from before the world began are there already."""
        for turn in self.turns:
            if turn.at < self._world.now:
                self._take(turn)
            else:
                self._world.timeline.plan(turn.at, partial(self._take, turn))

    def violations(self) -> Iterator[str]:
        """Yield whom a promotional request was sent to though she had opted out before it was queued."""
        lasting = {(number, since): until for number, since, until in self._spells()}
        queued: dict[str, float] = {}
        for publication, message_id in self._world.published:
            try:
                request = parse(publication.body, region="NG", default_id=message_id)
            except InvalidRequest:
                continue
            if request.promotional:
                queued.setdefault(request.id, publication.at)
        uuids = {item["message_uuid"]: item["id"] for item in self._world.dynamodb.parts()}
        for sms in self._world.kobo.executed():
            at = queued.get(uuids.get(sms["message_uuid"], ""), NEVER)
            if any(number == sms["to"] and since < at < until == NEVER for (number, since), until in lasting.items()):
                yield f"{uuids[sms['message_uuid']]}: {sms['to']} was sent to, who had opted out before"

    def _spells(self) -> Iterator[tuple[str, float, float]]:
        """Yield from when until when each number was out."""
        since: dict[str, float] = {}
        for turn in sorted(self.turns, key=lambda turn: turn.at):
            if turn.out:
                since[turn.number] = turn.at
            elif turn.number in since:
                yield turn.number, since.pop(turn.number), turn.at
        yield from ((number, at, NEVER) for number, at in since.items())

    def _take(self, turn: Turn) -> None:
        self._world.note("opts out" if turn.out else "opts in", turn.number)
        key = key_of(turn.number)
        if turn.out:
            (entry,) = optout_entries([turn.number], by="simulation", now=turn.at)
            self._world.dynamodb.items[key["id"], key["part"]] = encode(entry)
        else:
            del self._world.dynamodb.items[key["id"], key["part"]]
