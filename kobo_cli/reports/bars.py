"""Counts drawn as bars, one below the other: labels, counts, shares of the whole.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kobo_cli.reports.drawing import Pen
from kobo_cli.reports.tables import coloured

_LONGEST_BAR, _EIGHTHS = 40, 8
# A bar that lies: eighths of a character from the left, as far as the fonts of terminals have them.
_PARTS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")


def bars(counts: Mapping[str, int], whole: int, *, width: int, pen: Pen) -> Iterator[str]:
    """Yield a line of rich markup for each count, the labels coloured as states are.

    Parameters
    ----------
    whole
        What a full bar stands for.
    width
        The characters of a line.
    """
    shown = {label: f"{count:,}" for label, count in counts.items()}
    labels, figures = max(map(len, shown), default=0), max(map(len, shown.values()), default=0)
    longest = max(1, min(_LONGEST_BAR, width - labels - figures - 12))
    for label, count in counts.items():
        name = coloured(label) + " " * (labels - len(label))
        bar = coloured(label, _bar(count, whole, longest, pen))
        yield f"  {name}  {shown[label]:>{figures}}  {_share(count, whole):>5}  {bar}".rstrip()


def _share(count: int, whole: int) -> str:
    """Return per cent, rounded so that neither nothing nor everything is said of what is less."""
    if not count or not whole:
        return "0 %"
    share = round(100 * count / whole)
    if not share:
        return "<1 %"
    return ">99 %" if share == 100 and count < whole else f"{share} %"


def _bar(count: int, whole: int, longest: int, pen: Pen) -> str:
    """Return a bar, as long as there is anything at least a piece of a character."""
    eighths = max(1, round(count / whole * longest * _EIGHTHS)) if count and whole else 0
    full, rest = divmod(eighths, _EIGHTHS)
    if pen.fill[-1].isascii():
        return pen.fill[-1] * max(full, min(1, eighths))
    return pen.fill[-1] * full + _PARTS[rest]
