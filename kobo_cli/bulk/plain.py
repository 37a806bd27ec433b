"""Characters that make a text dear, and plain ones that do not.

A text with one character outside GSM 03.38 has room for 70 characters in a page, not 160; a character of its extension
table takes the room of two. A curly quote that a word processor has put in can so double what a campaign costs.

Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from kobo_sms.messages.pages import UNICODE, choose_type, count_pages, outside_gsm

_PLAIN = {
    **dict.fromkeys("‘’‚‛′´`ʹʻʼ", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("[{", "("),
    **dict.fromkeys("]}", ")"),
    **dict.fromkeys("\u200b\u200e\u200f\u2060\ufeff\u00ad", ""),
    **dict.fromkeys("•·▪●", "*"),
    "₦": "N",
    "…": "...",
    "×": "x",
    "©": "(c)",
    "®": "(R)",
    "™": "(TM)",
    "\t": " ",
    "\f": "\n",
    "\u2028": "\n",
    "½": "1/2",
    "¼": "1/4",
    "¾": "3/4",
    # Letters that have no mark to lose, those of Hausa first.
    **dict(zip("ɓɗƙƴƁƊƘƳđłı", "bdkyBDKYdli", strict=True)),
}
# In a link every character counts.
_LINK = re.compile(r"(\S*(?://|www\.)\S*)", re.IGNORECASE)


@dataclass(frozen=True)
class Priced:
    """A text as it is to be sent, its pages, the characters that make it dearer than it would be without them, and how
    many pages plain ones in their place would save."""

    text: str
    pages: int
    dear: Sequence[str] = ()
    saved_if_plain: int = 0


@cache
def plain_form(char: str) -> str | None:
    """Return what says the same in the GSM 03.38 alphabet at one septet a character, None if nothing does.

    Letters lose their marks, which in names and in Yoruba and Igbo words can be a loss.
    """
    if char in _PLAIN:
        return _PLAIN[char]
    if not _is_dear(char):
        return None
    parts = unicodedata.normalize("NFKD", char)
    kept = "".join(part for part in parts if not unicodedata.combining(part))
    if unicodedata.combining(char):
        return ""
    return kept if kept != char and kept and not any(map(_is_dear, kept)) else None


def price(text: str, *, plain: bool) -> Priced:
    """Return a text with its pages; with `plain`, in plain characters if it is cheaper so."""
    pages = _pages(text)
    if pages == 1:
        return Priced(text, pages)
    dear = _dear(text, pages)
    plainer = to_plain(text) if dear else text
    saved = pages - _pages(plainer)
    if plain and saved > 0:
        return Priced(plainer, pages - saved, _dear(plainer, pages - saved))
    return Priced(text, pages, dear, max(saved, 0))


def to_plain(text: str) -> str:
    """Return a text with plain characters for those that have a plain form, links left alone."""
    # A letter and its mark as one character, which the alphabet may have.
    pieces = _LINK.split(unicodedata.normalize("NFC", text))
    pieces[::2] = ["".join(_or_itself(char) for char in piece) for piece in pieces[::2]]
    return "".join(pieces)


def _dear(text: str, pages: int) -> Sequence[str]:
    without = "".join((plain_form(char) or "x") if _is_dear(char) else char for char in text)
    if _pages(without) >= pages:
        return ()
    return outside_gsm(text) or [char for char in dict.fromkeys(text) if _is_dear(char)]


def _or_itself(char: str) -> str:
    form = plain_form(char) if _is_dear(char) else None
    return char if form is None else form


def _pages(text: str) -> int:
    return count_pages(text, choose_type(text))


@cache
def _is_dear(char: str) -> bool:
    return choose_type(char) == UNICODE or count_pages(char * 81, 0) > 1
