"""Cells for CSV files that people open in a spreadsheet: what came from outside must not become a formula there.

A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, which can send its neighbours to a
server or start a program (OWASP, "CSV Injection"). An apostrophe before it makes it text. Numbers, `+2348030000000`
among them, stay as they are: nothing but digits can do no harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# The wide forms count in East Asian locales.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-][0-9 ().,/-]*")
_MADE_TEXT = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")


# The columns that stand first in the files that are written so, before those of people's own file.
BAD_ROWS = ("bad line", "bad reason")
FAILED_ROWS = ("failed line", "failed number", "failed state", "failed reason")


def is_ours(header: Sequence[str]) -> bool:
    """Tell whether a file was written so, by its first row."""
    return any(tuple(header[: len(columns)]) == columns for columns in (BAD_ROWS, FAILED_ROWS))


def as_text(cells: Iterable[object]) -> list[str]:
    """Return cells of which none is a formula; `as_given` gives back what they were."""
    return [f"'{cell}" if _is_formula(cell) else cell for cell in map(str, cells)]


def as_given(cells: Iterable[str]) -> list[str]:
    """Return the cells that `as_text` was given."""
    return [cell[1:] if _MADE_TEXT.match(cell) else cell for cell in cells]


def _is_formula(cell: str) -> bool:
    return _FORMULA.match(cell) is not None and _NUMBER.fullmatch(cell) is None
