"""A history drawn in characters: columns of blocks with both axes, or of plain ASCII where blocks cannot be written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from kobo_sms.credit.wording import amount, moment_in_words

WIDTH, HEIGHT = 60, 6
# For so long what was read last is drawn on; then nobody knows.
_KNOWN_FOR = 2 * 3600
_STEPS = 8


@dataclass(frozen=True)
class Point:
    """A value at a moment, in epoch seconds."""

    at: float
    value: Decimal


@dataclass(frozen=True)
class Pen:
    """What a drawing is made of: `fill` has a character for each eighth of a cell, from empty to full."""

    fill: str
    upright: str
    corner: str
    level: str


BLOCKS = Pen(" ▁▂▃▄▅▆▇█", "│", "└", "─")
ASCII = Pen(" ...:::##", "|", "+", "-")


def pen_for(encoding: str | None) -> Pen:
    """Return the finest pen that `encoding` can write."""
    try:
        (BLOCKS.fill + BLOCKS.upright + BLOCKS.corner + BLOCKS.level).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return BLOCKS


def draw(points: Sequence[Point], now: float, pen: Pen, *, width: int = WIDTH, height: int = HEIGHT) -> list[str]:
    """Return the lines of a drawing of `points` (at least one, oldest first), from the first of them to `now`.

    A column shows the last value of its time, full for the highest of all values, an eighth of a cell for the lowest;
    where nobody read for two hours it is blank. All values alike make one row.
    """
    columns = _columns(points, now, width)
    values = [point.value for point in points]
    low, high = min(values), max(values)
    rows = height if high > low else 1
    levels = [_level(value, low, high, rows * _STEPS) for value in columns]
    labels = [amount(high), *[""] * (rows - 2), *([amount(low)] if rows > 1 else [])]
    margin = max(map(len, labels))
    lines = [
        f"{label:>{margin}} {pen.upright}{_row(levels, (rows - 1 - row) * _STEPS, pen)}".rstrip()
        for row, label in enumerate(labels)
    ]
    start = moment_in_words(points[0].at, now)
    return [
        *lines,
        f"{'':{margin}} {pen.corner}{pen.level * width}",
        f"{'':{margin}}  {start}{'now':>{max(4, width - len(start))}}",
    ]


def _columns(points: Sequence[Point], now: float, width: int) -> list[Decimal | None]:
    """Return the last value of each column's time, None where nobody knows."""
    start = points[0].at
    step = max((now - start) / width, 1e-3)
    columns: list[Decimal | None] = []
    left, last = list(reversed(points)), points[0]
    for column in range(1, width + 1):
        end = start + column * step
        while left and left[-1].at <= end:
            last = left.pop()
        columns.append(last.value if end - last.at <= max(_KNOWN_FOR, step) else None)
    return columns


def _level(value: Decimal | None, low: Decimal, high: Decimal, levels: int) -> int:
    if value is None:
        return 0
    return levels if high == low else 1 + round((value - low) / (high - low) * (levels - 1))


def _row(levels: Sequence[int], below: int, pen: Pen) -> str:
    return "".join(pen.fill[max(0, min(_STEPS, level - below))] for level in levels)
