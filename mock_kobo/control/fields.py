"""Reading the JSON of the control API; every complaint is a BadFieldError that names the field."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

from flask import request

from mock_kobo.errors import BadFieldError
from mock_kobo.rules.faults import AFTER, BEFORE, ENDPOINTS, KINDS, MAX_SECONDS, Fault
from mock_kobo.rules.scenarios import FINAL_WORDS, PENDING
from mock_kobo.state.settings import Delivery

MAX_ADVANCE_SECONDS = 10 * 366 * 86_400
MAX_TIMES = 1_000_000


def json_object() -> dict[str, Any]:
    """Return the request's JSON object, an empty one for no body; numbers with a point are Decimal."""
    body = request.get_data()
    if not body:
        return {}
    try:
        read = json.loads(body, parse_float=Decimal, parse_constant=_no_constant)
    except ValueError as error:
        raise BadFieldError("body", "must be JSON") from error
    if not isinstance(read, dict):
        raise BadFieldError("body", "must be a JSON object")
    return read


def _no_constant(name: str) -> None:
    raise ValueError(name)


def only(fields: dict[str, Any], *known: str) -> None:
    """Raise BadFieldError for a field that is none of `known`."""
    for name in fields:
        if name not in known:
            raise BadFieldError(name, "unknown field; known are " + ", ".join(known))


def number(fields: dict[str, Any], name: str, low: float, high: float) -> float | None:
    """Return a number from `low` to `high`, None if the field is missing."""
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not low <= value <= high:
        raise BadFieldError(name, f"must be a number from {low:g} to {high:g}")
    return float(value)


def whole(fields: dict[str, Any], name: str, low: int, high: int) -> int | None:
    """Return a whole number from `low` to `high`, None if the field is missing."""
    value = fields.get(name)
    if value is not None and (type(value) is not int or not low <= value <= high):
        raise BadFieldError(name, f"must be a whole number from {low} to {high}")
    return value


def text(fields: dict[str, Any], name: str, *, longest: int = 1000) -> str | None:
    """Return a text that is not empty, None if the field is missing."""
    value = fields.get(name)
    if value is not None and (not isinstance(value, str) or not 1 <= len(value) <= longest):
        raise BadFieldError(name, f"must be a text of 1 to {longest} characters")
    return value


def choice(fields: dict[str, Any], name: str, *known: str) -> str | None:
    """Return one of `known`, None if the field is missing."""
    value = fields.get(name)
    if value is not None and value not in known:
        raise BadFieldError(name, "must be one of " + ", ".join(known))
    return value


def read_fault(fields: dict[str, Any]) -> Fault:
    """Return the fault that POST /_mock/faults asks for."""
    known = ("endpoint", "answer", "kind", "when", "times", "probability", "seed", "seconds", "to", "from", "msg")
    only(fields, *known)
    if (fields.get("answer") is None) == (fields.get("kind") is None):
        raise BadFieldError("answer", "exactly one of answer and kind must be given")
    return Fault(
        endpoint=choice(fields, "endpoint", *ENDPOINTS),
        answer=text(fields, "answer"),
        kind=choice(fields, "kind", *KINDS),
        when=choice(fields, "when", BEFORE, AFTER) or BEFORE,
        times=whole(fields, "times", 1, MAX_TIMES),
        probability=number(fields, "probability", 0, 1),
        seed=whole(fields, "seed", 0, 2**32) or 0,
        seconds=number(fields, "seconds", 0, MAX_SECONDS),
        to=text(fields, "to"),
        sender=text(fields, "from"),
        text=text(fields, "msg"),
    )


def read_delivery(fields: dict[str, Any], current: Delivery) -> Delivery:
    """Return the delivery that `delivery_seconds` (N or [N, M]) and `delivery_outcomes` ask for."""
    return Delivery(
        _read_seconds(fields.get("delivery_seconds"), current), _read_outcomes(fields.get("delivery_outcomes"), current)
    )


def _read_seconds(value: object, current: Delivery) -> tuple[float, float]:
    if value is None:
        return current.seconds
    pair = value if isinstance(value, list) else [value, value]
    numbers = [float(one) for one in pair if isinstance(one, int | Decimal) and not isinstance(one, bool)]
    if len(numbers) != len(pair) or len(pair) != 2 or not 0 <= numbers[0] <= numbers[1] <= MAX_ADVANCE_SECONDS:
        raise BadFieldError("delivery_seconds", "must be a number of seconds or [shortest, longest]")
    return numbers[0], numbers[1]


def _read_outcomes(value: object, current: Delivery) -> dict[str, float]:
    if value is None:
        return current.outcomes
    if not isinstance(value, dict) or not value:
        raise BadFieldError("delivery_outcomes", 'must be an object such as {"DELIVRD": 9, "UNDELIV err:0dc": 1}')
    for word in value:
        if not _is_report(word):
            raise BadFieldError("delivery_outcomes", f"{word!r} is no report; words are " + ", ".join(FINAL_WORDS))
    weights = {word: number(value, word, 0, math.inf) or 0.0 for word in value}
    if not sum(weights.values()) > 0:
        raise BadFieldError("delivery_outcomes", "at least one weight must be above 0")
    return weights


def _is_report(report: str) -> bool:
    word, _, suffix = report.partition(" err:")
    known = word in FINAL_WORDS or word == PENDING or word.startswith("UNDELIV_")
    return known and (not suffix or (len(suffix) == 3 and suffix.isalnum()))
