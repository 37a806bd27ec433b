"""Line charts one below the other, as an SVG file written by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BELOW = 920, 190, 70, 180, 34, 26
_COLOURS = ("#0b6e4f", "#c8553d", "#6c757d")
_DASHES = ("", "6 4", "2 3")
STYLE = "font: 13px system-ui, 'Noto Sans', sans-serif; fill: #222"


def axis_top(highest: float) -> float:
    """Return the value at the upper end of an axis with four steps: a round one, at least `highest`."""
    size = 1.0
    while 40 * size < highest:
        size *= 10
    return next(step * 4 * size for step in (0.25, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 8, 10) if step * 4 * size >= highest)


@dataclass(frozen=True)
class Panel:
    """One chart: a line for each name, points being x and y; `limit` is drawn across it with its label."""

    title: str
    unit: str
    lines: Mapping[str, list[tuple[float, float]]]
    limit: float | None = None
    label: str = ""
    colours: tuple[str, ...] = field(default=_COLOURS)

    @property
    def top(self) -> float:
        """The value at the upper end of the axis: a round one above all others."""
        return axis_top(max([self.limit or 0.0, *(y for points in self.lines.values() for _, y in points)]))


def write(path: Path, panels: list[Panel], *, x_title: str, x_end: float, change: float) -> None:
    """Write the panels, with a common x axis from 0 to `x_end` and a mark where things `change`."""
    height = len(panels) * (_HEIGHT + _TOP + _BELOW) + 24
    body = [line for at, panel in enumerate(panels) for line in _panel(panel, at, x_end, change)]
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    body.append(f'<text x="{middle}" y="{height - 8}" text-anchor="middle">{escape(x_title)}</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" style="{STYLE}">'
    white = f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>'
    path.write_text("\n".join([head, white, *body, "</svg>\n"]))


def _panel(panel: Panel, at: int, x_end: float, change: float) -> Iterator[str]:
    upper = at * (_HEIGHT + _TOP + _BELOW) + _TOP
    lower, right = upper + _HEIGHT, _WIDTH - _RIGHT

    def place(x: float, y: float) -> tuple[float, float]:
        return _LEFT + x / x_end * (right - _LEFT), lower - y / panel.top * _HEIGHT

    yield f'<text x="{_LEFT}" y="{upper - 12}" font-weight="600">{escape(panel.title)}</text>'
    for step in range(5):
        value = panel.top * step / 4
        y = place(0, value)[1]
        yield f'<line x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e3e3e3"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
    middle = (upper + lower) / 2
    turned = f'text-anchor="middle" transform="rotate(-90 18 {middle})"'
    yield f'<text x="18" y="{middle}" {turned}>{escape(panel.unit)}</text>'
    for hour in range(0, int(x_end) + 1, 3):
        yield f'<text x="{place(hour, 0)[0]:.1f}" y="{lower + 17}" text-anchor="middle">{hour}</text>'
    x = place(change, 0)[0]
    yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{upper}" y2="{lower}" stroke="#999" stroke-dasharray="3 3"/>'
    if panel.limit is not None:
        y = place(0, panel.limit)[1]
        yield f'<line x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#b8860b" stroke-width="1.5"/>'
        yield f'<text x="{right + 6}" y="{y + 4:.1f}" fill="#8a6508">{escape(panel.label)}</text>'
    yield from _lines(panel, place, right, upper)


def _lines(panel: Panel, place: object, right: float, upper: float) -> Iterator[str]:
    assert callable(place)
    for index, (name, points) in enumerate(panel.lines.items()):
        colour, dash = panel.colours[index], _DASHES[index]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
        drawn = f'fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"'
        yield f'<polyline points="{path}" {drawn}/>'
        # A legend at the side, clear of the label of the limit.
        y = upper + 8 + index * 18
        yield f'<line x1="{right + 64}" x2="{right + 86}" y1="{y}" y2="{y}" {drawn}/>'
        yield f'<text x="{right + 92}" y="{y + 4}" fill="{colour}" style="font-size: 11px">{escape(name)}</text>'
