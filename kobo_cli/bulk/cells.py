"""What people do not see in a cell, and what Excel writes into one for want of a value.

Pure.
"""

from __future__ import annotations

import re

# White space, non-breaking too, and characters of no width: the BOM, the soft hyphen, marks of the writing direction.
_UNSEEN = "".join(
    map(chr, [*range(0x09, 0x0E), *range(0x1C, 0x21), 0x85, 0xA0, 0xAD, 0x1680, 0x180E, *range(0x2000, 0x2010)])
) + "".join(map(chr, [*range(0x2028, 0x2030), *range(0x205F, 0x206A), 0x3000, 0xFEFF]))
_EXCEL_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!|#+)")
_LINE_END = re.compile(r"\r\n?")


def clean(cell: str) -> str:
    """Return what is to be seen of a cell, a line break within it as one character."""
    stripped = cell.strip(_UNSEEN)
    return _LINE_END.sub("\n", stripped) if "\r" in stripped else stripped


def is_blank(cells: list[str]) -> bool:
    """Tell whether there is nothing to be seen in a row."""
    return not "".join(cells).strip(_UNSEEN)


def excel_error(value: str) -> str | None:
    """Return what is wrong with a cleaned cell that holds no value but what Excel writes instead of one."""
    if not value.startswith("#") or not _EXCEL_ERROR.fullmatch(value):
        return None
    if value.startswith("##"):
        return "Excel wrote # signs as the column was too narrow: widen it and save the file again"
    return f"{value} is what Excel writes for a formula that failed"


def letter(column: int) -> str:
    """Return what a spreadsheet calls a column: A for 0, AA for 26."""
    before, at = divmod(column, 26)
    return (letter(before - 1) if before else "") + chr(ord("A") + at)
