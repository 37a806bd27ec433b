"""Which character stands between the cells of a CSV file.

Pure.
"""

from __future__ import annotations

import csv
import io
import re
from itertools import islice

NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
# Excel's own way to say it: a first line before the header, which is none of the rows.
_DECLARED = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_ROWS = 20


def declared(line: str) -> str | None:
    """Return what a first line `sep=;` names, None when the line is another one."""
    match = _DECLARED.fullmatch(line)
    return match[1] if match and match[1] in NAMES else None


def guess(sample: str, *, cut: bool) -> str:
    """Return the separator by which most rows of the file's beginning have as many cells as the first one.

    `cut`: the sample ends within the file, maybe within a row.
    """

    def fit(separator: str) -> tuple[float, int]:
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=separator, skipinitialspace=True)
        rows = [row for row in islice(reader, _ROWS) if row]
        rows = rows[:-1] if cut and 1 < len(rows) < _ROWS else rows
        width = len(rows[0]) if rows else 1
        return (sum(len(row) == width for row in rows) / len(rows), width) if width > 1 else (0.0, 0)

    return max([",", ";", "\t"], key=fit)
