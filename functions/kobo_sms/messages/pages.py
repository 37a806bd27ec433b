"""How many pages (billed segments) a text takes, and whether it fits the GSM 03.38 alphabet.

GSM 03.38 (3GPP TS 23.038): 160 septets in one page, 153 in each of several; characters of the extension table take
two septets, which are never torn apart by a page border. UCS-2: 70 UTF-16 code units, then 67; a surrogate pair is
never torn apart either. docs/kobomobile-api.md, "Pages and charges", says how certain this is on KoboMobile's side.
"""

from __future__ import annotations

from collections.abc import Iterable

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")

NORMAL, FLASH, UNICODE = 0, 1, 2


def outside_gsm(text: str) -> list[str]:
    """Return the characters of `text` that GSM 03.38 lacks, each once, in the order of their first appearance."""
    return [char for char in dict.fromkeys(text) if char not in _BASIC and char not in _EXTENSION]


def choose_type(text: str) -> int:
    """Return the `type` of a request that names none: 0 when the text fits GSM 03.38, else 2 (Unicode)."""
    return UNICODE if outside_gsm(text) else NORMAL


def count_pages(text: str, type_: int) -> int:
    """Return how many pages `text` is billed as when sent with `type_` (0, 1 or 2)."""
    if type_ == UNICODE:
        return _fill((2 if ord(char) > 0xFFFF else 1 for char in text), single=70, several=67)
    return _fill((2 if char in _EXTENSION else 1 for char in text), single=160, several=153)


def _fill(widths: Iterable[int], *, single: int, several: int) -> int:
    sizes = list(widths)
    if sum(sizes) <= single:
        return 1
    pages, used = 1, 0
    for size in sizes:
        if used + size > several:
            pages, used = pages + 1, 0
        used += size
    return pages
