"""Random messages for the queues: good requests, their copies, others under the same id, and invalid ones."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.robustness.simulation.stored import BULK, PRIORITY

START = 1_800_000_000.0
HOUR, DAY = 3600.0, 86_400.0
BAD_NUMBERS = ("0803 010", "call me", "+44 20 7946 0018", "2348030100")
REFUSED = tuple(f"234803000900{digit}" for digit in (2, 3, 4, 5, 6, 7))
NO_CREDIT = REFUSED[1]
# Those that end soon; the others are waited for, 13 days long.
QUICKLY_REFUSED = tuple(f"234803000900{digit}" for digit in (2, 4, 5, 7))
REPORTED = tuple(f"234803000910{digit}" for digit in (1, 2, 3, 4, 6))
FOR_EVER = "2348030009105"
# Long enough for two pages each.
TEXTS = ("Your order is ready", "Sannu! Ẹ káàbọ̀ 👋", "x" * 200, "ọ" * 90)
SECRET_TEXT = "Your PIN is 4711-2288"


@dataclass(frozen=True)
class Publication:
    """One message that a producer puts on a queue at `at`."""

    at: float
    lane: str
    body: str
    valid: bool = True


def draw_request(rng: random.Random, id_: str, numbers: list[str]) -> list[Publication]:
    """Draw one request as the messages that carry it."""
    lane, at = rng.choice((PRIORITY, BULK)), START + rng.choice((0.0, rng.uniform(0, 600), rng.uniform(0, HOUR)))
    if rng.random() < 0.08:
        return [Publication(at, lane, _invalid(rng, id_, numbers), valid=False)]
    fields: dict[str, Any] = {"id": id_, "to": _recipients(rng, numbers), "msg": rng.choice(TEXTS)}
    if rng.random() < 0.15:
        fields["expires_at"] = datetime.fromtimestamp(at + rng.choice((30, 600, 20 * HOUR)), UTC).isoformat()
    if rng.random() < 0.1:
        fields |= {"sensitive": True, "msg": SECRET_TEXT}
    if rng.random() < 0.1:
        del fields["id"]
    found = [Publication(at, lane, json.dumps(fields))]
    while rng.random() < 0.3:
        fields["to"] = rng.sample(fields["to"], len(fields["to"]))
        later = rng.choice((1.0, 30.0, HOUR, DAY, 27 * DAY, 29.5 * DAY, 32 * DAY))
        found.append(Publication(at + rng.uniform(0, later), rng.choice((PRIORITY, BULK)), json.dumps(fields)))
    if rng.random() < 0.1:
        other = fields | {"msg": "something else"}
        found.append(Publication(at + rng.uniform(0, HOUR), lane, json.dumps(other)))
    return found


def _recipients(rng: random.Random, numbers: list[str]) -> list[str]:
    draw_ = rng.random()
    if draw_ > 0.995:
        wanted = {f"23480301{number:05d}" for number in rng.sample(range(100_000), rng.randint(501, 1600))}
    elif draw_ > 0.96:
        wanted = {f"23480301{number:05d}" for number in rng.sample(range(100_000), rng.randint(30, 130))}
    else:
        wanted = {rng.choice(numbers) for _ in range(rng.choice((1, 1, 2, 4, 8)))}
    to = sorted(wanted)
    if rng.random() < 0.2:
        to.append(rng.choice(REFUSED if rng.random() < 0.06 else QUICKLY_REFUSED))
    if rng.random() < 0.1:
        to += rng.sample(REPORTED, rng.randint(1, 3))
    if rng.random() < 0.02:
        to.append(FOR_EVER)
    if rng.random() < 0.15:
        to += rng.sample(BAD_NUMBERS, rng.randint(1, 2))
    return to if rng.random() < 0.97 else list(BAD_NUMBERS)


def _invalid(rng: random.Random, id_: str, numbers: list[str]) -> str:
    fields: dict[str, Any] = {"id": id_, "to": numbers[0], "msg": "Hello"}
    wrong: tuple[dict[str, Any], ...] = (
        {"colour": "red"},
        {"msg": ""},
        {"type": 0, "msg": "ọ"},
        {"expires_at": "soon"},
        {"to": []},
    )
    return rng.choice(("{", "[]", json.dumps(fields | rng.choice(wrong))))
