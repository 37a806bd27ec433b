"""The dashboard of template.yaml drawn as an SVG file, roughly as CloudWatch shows it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from benchmarks.svg import STYLE, axis_top

# A unit of CloudWatch's grid, which is 24 wide, in pixels.
_UNIT, _GAP, _TITLE, _LINE = 54, 8, 28, 16
_COLOURS = ("#1f77b4", "#c8553d", "#0b6e4f", "#9467bd", "#e0a100", "#6c757d")
_STATES = {"OK": ("#e6f4ea", "#0b6e4f"), "ALARM": ("#fbe3df", "#b3261e")}
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Shown:
    """What there is to draw: the series of a metric's row in a widget (seconds since the start, values), the states of
    alarms, the rows of a log's table, how many seconds there are, and how many make a period."""

    series: Callable[[Mapping[str, Any], Sequence[Any]], Points]
    alarms: Mapping[str, str]
    answers: Sequence[tuple[str, int]]
    seconds: float
    period: float


def draw(path: Path, widgets: Sequence[Mapping[str, Any]], shown: Shown, note: str) -> None:
    """Write the picture, with a `note` below it."""
    width = 24 * _UNIT
    height = max(each["y"] + each["height"] for each in widgets) * _UNIT
    body = [line for each in widgets for line in _widget(each, shown)]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height + 30}" style="{STYLE}">'
    ground = f'<rect width="{width}" height="{height + 30}" fill="#f2f3f3"/>'
    below = f'<text x="{_GAP}" y="{height + 19}" style="font-size: 12px">{escape(note)}</text>'
    path.write_text("\n".join([head, ground, *body, below, "</svg>\n"]))


def _widget(widget: Mapping[str, Any], shown: Shown) -> Iterator[str]:
    x, y = widget["x"] * _UNIT + _GAP / 2, widget["y"] * _UNIT + _GAP / 2
    width, height = widget["width"] * _UNIT - _GAP, widget["height"] * _UNIT - _GAP
    yield f'<g transform="translate({x} {y})"><rect width="{width}" height="{height}" rx="4" fill="#fff"/>'
    yield f'<text x="10" y="19" font-weight="600">{escape(widget["properties"]["title"])}</text>'
    if widget["type"] == "alarm":
        yield from _alarms(shown.alarms, width)
    elif widget["type"] == "log":
        yield from _table(shown.answers, width)
    elif widget["properties"]["view"] == "singleValue":
        yield from _numbers(widget, shown, width)
    else:
        yield from _lines(widget, shown, width, height)
    yield "</g>"


def _alarms(states: Mapping[str, str], width: float) -> Iterator[str]:
    across = 6
    each = (width - 12) / across
    for at, (name, state) in enumerate(states.items()):
        fill, ink = _STATES[state]
        x, y = 8 + at % across * each, _TITLE + at // across * 29
        yield f'<rect x="{x:.0f}" y="{y}" width="{each - 6:.0f}" height="25" rx="3" fill="{fill}"/>'
        told = escape(name.removesuffix("Alarm"))
        yield f'<text x="{x + 8:.0f}" y="{y + 17}" fill="{ink}" style="font-size: 12px">{told}</text>'
        at_end = f'x="{x + each - 14:.0f}" y="{y + 17}" text-anchor="end"'
        yield f'<text {at_end} fill="{ink}" style="font-size: 11px">{state}</text>'


def _table(rows: Sequence[tuple[str, int]], width: float) -> Iterator[str]:
    for at, (answer, count) in enumerate([("answer", "messages"), *rows]):
        y, weight = _TITLE + 18 + at * 26, ' font-weight="600"' if at == 0 else ""
        yield f'<text x="12" y="{y}"{weight}>{escape(answer)}</text>'
        yield f'<text x="{width - 14}" y="{y}" text-anchor="end"{weight}>{count if at == 0 else f"{count:,}"}</text>'
        yield f'<line x1="10" x2="{width - 10}" y1="{y + 8}" y2="{y + 8}" stroke="#e3e3e3"/>'


def _numbers(widget: Mapping[str, Any], shown: Shown, width: float) -> Iterator[str]:
    rows = widget["properties"]["metrics"]
    each = width / len(rows)
    for at, row in enumerate(rows):
        points = shown.series(widget, row)
        told = _number(points[-1][1]) if points else "--"
        x = at * each + 12
        yield f'<text x="{x:.0f}" y="{_TITLE + 48}" style="font-size: 30px">{told}</text>'
        yield f'<text x="{x:.0f}" y="{_TITLE + 78}" style="font-size: 12px">{escape(row[-1]["label"])}</text>'


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.1f}"


def _lines(widget: Mapping[str, Any], shown: Shown, width: float, height: float) -> Iterator[str]:
    properties = widget["properties"]
    rows = [row for row in properties["metrics"] if row[-1].get("visible", True)]
    series = [(row[-1], shown.series(widget, row)) for row in rows]
    limits = properties.get("annotations", {}).get("horizontal", [])
    legend = list(_legend([options["label"] for options, _ in series], width))
    frame = _Frame(44, _TITLE + 8, width - 44, height - 30 - _LINE * (legend[-1][0] + 1), shown.seconds)
    highest = {side: [1e-9, *_values(series, side)] for side in ("left", "right")}
    highest["left"] += [each["value"] for each in limits]
    tops = {side: axis_top(max(values)) for side, values in highest.items()}
    has_right = any(options.get("yAxis") == "right" for options, _ in series)
    yield from frame.grid(tops["left"], tops["right"] if has_right else None)
    for limit in limits:
        yield from frame.limit(limit["value"], limit["label"], tops["left"])
    for index, (options, points) in enumerate(series):
        top = tops[options.get("yAxis", "left")]
        for piece in _pieces(points, shown.period):
            places = [frame.place(*point, top) for point in piece]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            yield f'<polyline points="{path}" fill="none" stroke="{_COLOURS[index]}" stroke-width="1.8"/>'
            if len(piece) == 1:
                yield f'<circle cx="{places[0][0]:.1f}" cy="{places[0][1]:.1f}" r="2.5" fill="{_COLOURS[index]}"/>'
    for index, (line, x, label) in enumerate(legend):
        y = height - 10 - _LINE * (legend[-1][0] - line)
        yield f'<rect x="{x:.0f}" y="{y - 9}" width="10" height="10" fill="{_COLOURS[index]}"/>'
        yield f'<text x="{x + 15:.0f}" y="{y}" style="font-size: 11px">{escape(label)}</text>'


def _pieces(points: Points, period: float) -> Iterator[list[tuple[float, float]]]:
    """Yield what hangs together: where a period holds nothing, CloudWatch leaves a gap."""
    piece: list[tuple[float, float]] = []
    for point in points:
        if piece and point[0] - piece[-1][0] > 1.5 * period:
            yield piece
            piece = []
        piece.append(point)
    if piece:
        yield piece


def _values(series: Sequence[tuple[Mapping[str, Any], Points]], side: str) -> Iterator[float]:
    for options, points in series:
        if options.get("yAxis", "left") == side:
            yield from (value for _, value in points)


def _legend(labels: Sequence[str], width: float) -> Iterator[tuple[int, float, str]]:
    """Yield line, place and label, wrapped at the widget's width."""
    line, x = 0, 12.0
    for label in labels:
        needs = 30 + 6.2 * len(label)
        if x + needs > width and x > 12:
            line, x = line + 1, 12.0
        yield line, x, label
        x += needs


@dataclass(frozen=True)
class _Frame:
    """Where a chart's lines are drawn."""

    left: float
    upper: float
    right: float
    lower: float
    seconds: float

    def place(self, at: float, value: float, top: float) -> tuple[float, float]:
        across = at / self.seconds * (self.right - self.left)
        return self.left + across, self.lower - min(value / top, 1.0) * (self.lower - self.upper)

    def limit(self, value: float, label: str, top: float) -> Iterator[str]:
        _, y = self.place(0, value, top)
        line = f'x1="{self.left}" x2="{self.right}" y1="{y:.1f}" y2="{y:.1f}"'
        yield f'<line {line} stroke="#b8860b" stroke-dasharray="4 3"/>'
        at_end = f'x="{self.right}" y="{y - 4:.1f}" text-anchor="end"'
        yield f'<text {at_end} fill="#8a6508" style="font-size: 11px">{escape(label)}</text>'

    def grid(self, top: float, right: float | None) -> Iterator[str]:
        small = 'style="font-size: 11px"'
        for step in range(5):
            _, y = self.place(0, step, 4)
            yield f'<line x1="{self.left}" x2="{self.right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e3e3e3"/>'
            yield f'<text x="{self.left - 6}" y="{y + 4:.1f}" text-anchor="end" {small}>{_short(top * step / 4)}</text>'
            if right is not None:
                yield f'<text x="{self.right + 6}" y="{y + 4:.1f}" {small}>{_short(right * step / 4)}</text>'
        for at in range(0, int(self.seconds) + 1, 30):
            x, _ = self.place(at, 0, 1)
            told = f"{at // 60}:{at % 60:02}"
            yield f'<text x="{x:.1f}" y="{self.lower + 14:.1f}" text-anchor="middle" {small}>{told}</text>'


def _short(value: float) -> str:
    return f"{value / 1000:g}k" if value >= 10_000 else f"{value:g}"


def names_in(query: str) -> tuple[str, str]:
    """Return the field by which a log widget's query counts and how many rows it asks for.

    Raises
    ------
    ValueError
        when it does something else.
    """
    found = re.search(r"stats count\(\*\) as \w+ by (\w+) .*\| limit (\d+)", query)
    if found is None:
        raise ValueError(f"nobody draws this query here: {query}")
    return found[1], found[2]
