"""Pages of an SMS: GSM 03.38 septets and UCS-2 units (docs/kobomobile-api.md, "Pages and charges")."""

from __future__ import annotations

import math
from dataclasses import dataclass

NORMAL, FLASH, UNICODE = 0, 1, 2

# 3GPP TS 23.038 (GSM 03.38), section 6.2.1: the default alphabet, without the escape to the extension table.
GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Section 6.2.1.1: each is an escape and a character, two septets. Form feed is one of them.
GSM_EXTENDED = frozenset("\f^{}\\[~]|€")

# (one page alone, each of several)
GSM_LENGTHS = (160, 153)
UCS2_LENGTHS = (70, 67)


@dataclass(frozen=True, slots=True)
class Text:
    """A text as the phone gets it: `units` are septets, or UTF-16 units of an SMS of type 2."""

    shown: str
    units: int
    pages: int


def lay_out(msg: str, sms_type: int, *, full_pages: bool = False) -> Text:
    """Return `msg` as it arrives, with its length and pages.

    Types 0 and 1 can't carry a character outside GSM 03.38: `?` arrives in its place. With `full_pages` each of several
    pages holds as much as one alone, which some gateways bill by.
    """
    if sms_type == UNICODE:
        encoded = [char.encode("utf-16-be", "surrogatepass") for char in msg]
        return _text(msg, [len(units) // 2 for units in encoded], UCS2_LENGTHS, full_pages)
    shown = "".join(char if char in GSM_BASIC or char in GSM_EXTENDED else "?" for char in msg)
    return _text(shown, [1 + (char in GSM_EXTENDED) for char in shown], GSM_LENGTHS, full_pages)


def _text(shown: str, widths: list[int], lengths: tuple[int, int], full_pages: bool) -> Text:
    alone, of_several = lengths
    units = sum(widths)
    pages = 1 if units <= alone else _cut(widths, alone if full_pages else of_several)
    return Text(shown, units, pages)


def _cut(widths: list[int], room: int) -> int:
    """Return how many pages of `room` units it takes; none tears an escape sequence or a surrogate pair apart."""
    # Units are laid end to end; what would lie across a border moves behind it (3GPP TS 23.040, 9.2.3.24.1).
    end = 0
    for width in widths:
        if end // room != (end + width - 1) // room:
            end = (end // room + 1) * room
        end += width
    return math.ceil(end / room)
