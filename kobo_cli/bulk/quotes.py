"""Where in a row that csv cannot read the quote is that is to blame.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable


def opening(lines: Iterable[str], separator: str) -> int | None:
    """Return on which of a row's lines (0 for the first) the last of its values in quotes begins.

    The value is the one that is still open at the end, or that goes on after its closing quote; None if there is none.
    """
    opened: int | None = None
    inside = closed = False
    at_start = True
    for at, line in enumerate(lines):
        for char in line:
            if inside:
                inside, closed = char != '"', char == '"'
            elif closed and char == '"':
                # Two in a row stand for one.
                inside, closed = True, False
            elif char in (separator, "\r", "\n"):
                closed, at_start = False, True
            elif closed:
                return opened
            elif char == '"' and at_start:
                opened, inside = at, True
            else:
                at_start = at_start and char == " "
    return opened if inside else None
