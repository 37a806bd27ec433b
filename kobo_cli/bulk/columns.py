"""Which column is meant: by its name, whatever its case and spaces, and by what people call a phone number.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches

from kobo_cli.bulk.cells import letter
from kobo_cli.errors import CliError
from kobo_sms.messages.numbers import InvalidNumber, normalise

# Compared with `_key` of a name: to, msisdn, Phone, Phone Number, mobile_no, Customer's GSM numbers ...
_NUMBERS = re.compile(
    r"(?:customers?|contact|recipients?)?"
    r"(?:to|msisdns?|recipients?|numbers?|(?:mobile|cell|tel|telephone|phone|gsm)(?:phone)?s?(?:numbers?|nos?|num)?)"
)
_IGNORED = re.compile(r"[\s_.\-:#()']+")


def find_column(columns: Sequence[str], name: str, *, what: str) -> int:
    """Return the place of the column of this name: as it is written, or but for case, spaces and dashes.

    Raises
    ------
    CliError
        when there is none, or several; it begins with `what`, which tells where the name was given.
    """
    same = [at for at, column in enumerate(columns) if column == name]
    alike = same or [at for at, column in enumerate(columns) if _key(column) == _key(name)]
    if not alike:
        raise CliError(f"{what}: there is no column {name!r}{_suggest(columns, name)}; {_list(columns)}")
    if len(alike) > 1:
        places = " and ".join(letter(at) for at in alike)
        raise CliError(f"{what}: the columns {places} are all called {name!r}: give them names of their own")
    return alike[0]


def find_numbers(columns: Sequence[str], chosen: str | None, *, region: str, option: str = "--to") -> int:
    """Return the place of the column with the recipients' numbers: the chosen one, or the only one called so.

    `option` is by which it may be chosen.

    Raises
    ------
    CliError
        when there is none, or several; it says what to do.
    """
    if chosen is not None:
        return find_column(columns, chosen, what=option)
    candidates = [at for at, column in enumerate(columns) if _NUMBERS.fullmatch(_key(column))]
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        names = ", ".join(f"{columns[at]!r} ({letter(at)})" for at in candidates)
        raise CliError(f"several columns may hold the numbers: {names}; say which with {option} COLUMN")
    if any(_is_number(column, region) for column in columns):
        raise CliError(
            "the first line holds a number, not names: put a line with the columns' names above it, as to,name"
        )
    raise CliError(
        f"no column is called 'to', 'phone' or the like; say with {option} COLUMN which one; {_list(columns)}"
    )


def _key(name: str) -> str:
    return _IGNORED.sub("", name).casefold()


def _suggest(columns: Sequence[str], name: str) -> str:
    names = {_key(column): column for column in columns if column}
    close = get_close_matches(_key(name), names, n=1)
    return f" (is {names[close[0]]!r} meant?)" if close else ""


def _list(columns: Sequence[str]) -> str:
    shown = ", ".join(repr(column) for column in columns[:20] if column)
    return f"the columns are {shown}" + (", ..." if len(columns) > 20 else "")


def _is_number(text: str, region: str) -> bool:
    try:
        return bool(normalise(text, region))
    except InvalidNumber:
        return False
