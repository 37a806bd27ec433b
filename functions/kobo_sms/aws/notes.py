"""What a dead letter says of itself in message attributes, as far as there is room for it.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from kobo_sms.messages.compact_json import MAX_MESSAGE, UNSENDABLE, size

_LONGEST = 1000
# Less of a note says nothing.
_SHORTEST = 16


def fit_notes(body: str, notes: Mapping[str, str | None]) -> dict[str, str]:
    """Return the notes that a message of `body` has room for: the first ones first, the last of them cut short.

    SQS counts the name, the type and the value of each attribute. None and empty notes are left out; characters that
    SQS refuses become question marks.
    """
    room = MAX_MESSAGE - size(body)
    kept = {}
    for name, value in notes.items():
        left = room - len(name) - len("String")
        text = _cut(UNSENDABLE.sub("?", (value or "")[:_LONGEST]), left)
        if text:
            kept[name] = text
            room = left - size(text)
    return kept


def _cut(text: str, longest: int) -> str:
    if size(text) <= longest:
        return text
    return text.encode()[:longest].decode(errors="ignore") if longest >= _SHORTEST else ""
