"""The plot of docs/scale.md: where each limit lies, and what a day costs, over the texts of a day."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from math import inf, log10

from benchmarks.scale.inputs import Inputs
from benchmarks.scale.load import Load
from benchmarks.scale.results import DAYS, carried, once_turned, utmost
from benchmarks.scale.tables import dollars
from benchmarks.scale.turning import default
from benchmarks.svg import STYLE

_WIDTH, _LEFT, _RIGHT, _TOP, _ROW = 930, 250, 80, 64, 26
# Powers of ten of the axis.
_FROM, _TO = 4, 9
_COST_HEIGHT = 170
_USUAL, _MOST, _GRID, _INK = "#0b6e4f", "#a8d5c2", "#e3e3e3", "#222"
_NAMES = {4: "10 thousand", 5: "100 thousand", 6: "1 million", 7: "10 million", 8: "100 million", 9: "1 billion"}


def draw(inputs: Inputs) -> str:
    """Return the SVG."""
    usual, most = carried(default(Load(1, inputs)), inputs), carried(utmost(inputs), inputs)
    # What does not depend on the texts has no place on the axis.
    names = sorted((name for name in usual if 0 < usual[name] < inf and most[name]), key=lambda name: usual[name])
    lower = _TOP + _ROW * len(names)
    height = lower + 90 + _COST_HEIGHT + 30
    body = [*_bars(names, usual, most, lower), *_cost(inputs, lower + 90)]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" style="{STYLE}">'
    return "\n".join([head, f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>', *body, "</svg>\n"])


def _x(texts: float) -> float:
    share = (log10(texts) - _FROM) / (_TO - _FROM)
    return _LEFT + min(max(share, 0.0), 1.0) * (_WIDTH - _LEFT - _RIGHT)


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(text)}</text>'


def _grid(upper: float, lower: float) -> Iterator[str]:
    for power, name in _NAMES.items():
        x = _x(10**power)
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{upper}" y2="{lower}" stroke="{_GRID}"/>'
        yield _text(x, lower + 17, name, 'text-anchor="middle" style="font-size: 11px"')


def _bars(names: list[str], usual: dict[str, float], most: dict[str, float], lower: float) -> Iterator[str]:
    yield _text(16, 20, "Texts a day that each limit carries, each by itself", 'font-weight="600"')
    for x, colour, told in (
        (_LEFT, _USUAL, "as the stack comes"),
        (_LEFT + 170, _MOST, "one stack, all settings turned"),
    ):
        yield f'<rect x="{x}" y="32" width="14" height="12" fill="{colour}"/>'
        yield _text(x + 20, 43, told, 'style="font-size: 12px"')
    yield from _grid(_TOP - 6, lower)
    for at, name in enumerate(names):
        y = _TOP + at * _ROW
        yield _text(_LEFT - 10, y + 14, name.replace("`", ""), 'text-anchor="end"')
        for texts, colour, inset in ((most[name], _MOST, 0), (usual[name], _USUAL, 4)):
            place = f'x="{_LEFT}" y="{y + 2 + inset}" width="{_x(texts) - _LEFT:.1f}" height="{18 - 2 * inset}"'
            yield f'<rect {place} fill="{colour}"/>'
        yield _text(
            _x(max(most[name], usual[name])) + 6,
            y + 15,
            _short(max(most[name], usual[name])),
            f'style="font-size: 11px" fill="{_INK}"',
        )


def _short(texts: float) -> str:
    if texts == inf:
        return "any"
    size, letter = (1e9, "G") if texts >= 1e9 else (1e6, "M") if texts >= 1e6 else (1e3, "k")
    return f"{texts / size:.2g} {letter}" if texts / size < 100 else f"{round(texts / size, -1):.0f} {letter}"


def _rounded(usd: float) -> float:
    return float(dollars(usd).replace(",", ""))


def _cost(inputs: Inputs, upper: float) -> Iterator[str]:
    yield _text(16, upper - 22, "AWS, US dollars a day, with what needs to be turned turned", 'font-weight="600"')
    lower = upper + _COST_HEIGHT
    yield from _grid(upper, lower)
    results = [(texts, _rounded(once_turned(Load(texts, inputs)).usd)) for texts in DAYS]
    powers = range(-1, 5)

    def y(usd: float) -> float:
        return lower - (log10(usd) - powers[0]) / (len(powers) - 1) * _COST_HEIGHT

    for power in powers:
        value = 10.0**power
        yield f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="{_GRID}"/>'
        yield _text(_LEFT - 8, y(value) + 4, f"{value:,g}", 'text-anchor="end" style="font-size: 11px"')
    points = " ".join(f"{_x(texts):.1f},{y(usd):.1f}" for texts, usd in results)
    yield f'<polyline points="{points}" fill="none" stroke="{_USUAL}" stroke-width="2"/>'
    for texts, usd in results:
        yield f'<circle cx="{_x(texts):.1f}" cy="{y(usd):.1f}" r="3.5" fill="{_USUAL}"/>'
        yield _text(_x(texts) + 8, y(usd) + 16, f"{dollars(usd)} $", 'style="font-size: 11px"')
    yield _text((_LEFT + _WIDTH - _RIGHT) / 2, lower + 34, "texts a day", 'text-anchor="middle"')
