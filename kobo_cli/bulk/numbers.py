"""Phone numbers as spreadsheets keep them: what Excel has done to them is undone, or told if it cannot be.

Pure.
"""

from __future__ import annotations

import re

from kobo_sms.messages.numbers import InvalidNumber, normalise

_SHORT_FORM = re.compile(r"\+?[0-9][.,]?[0-9]*E\+?[0-9]{1,2}", re.IGNORECASE)
_ONE_OF_SEVERAL = re.compile(r"[0-9](?:[ ().\-]*[0-9]){9,}")
# What is left of a number when it is mended, and what was wrong with it.
_MENDS = (
    (re.compile(r"=\s*[\"']?([+0-9][0-9 ().+\-]*)[\"']?"), "written as a formula"),
    (re.compile(r"'+([+0-9].*)"), "apostrophe before it"),
    (re.compile(r"(?:tel|p):\s*([+0-9].*)", re.IGNORECASE), "tel: or p: before it"),
    (re.compile(r"(\+?[0-9]{7,15})[.,]0{1,2}"), ".0 at the end"),
    (re.compile(r"(\+?[0-9]{1,3}(?:,[0-9]{3}){2,4})"), "commas between thousands"),
)
LOST_ZERO = "leading 0 lost"


def read_number(cell: str, region: str) -> tuple[str, str | None]:
    """Return the number in a cleaned cell in KoboMobile's form, and how it was mended if it had to be.

    Raises
    ------
    InvalidNumber
        when nobody can tell which number it is, or it cannot receive an SMS; the message says why.
    """
    if _SHORT_FORM.fullmatch(cell):
        raise InvalidNumber(
            f"Excel has shortened the number to {cell}, its last digits are lost: format the column as text, "
            "and fill the numbers in anew"
        )
    text, mended = cell, None
    if not text.isdecimal():
        for damage, how in _MENDS:
            match = damage.fullmatch(text)
            if match:
                text, mended = match[1].replace(",", ""), how
    return _normalise(text, region, mended)


def _normalise(text: str, region: str, mended: str | None) -> tuple[str, str | None]:
    try:
        number = normalise(text, region)
    except InvalidNumber:
        if len(_ONE_OF_SEVERAL.findall(text)) > 1:
            raise InvalidNumber("several numbers in one cell: write a row for each") from None
        raise
    bare = len(text) < len(number) and number.endswith(text)
    return number, LOST_ZERO if bare else mended
