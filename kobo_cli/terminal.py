"""What is printed: texts, references and reasons come from outside, and must not command the terminal.

Control characters move the cursor, set the clipboard or the window's title, or answer for the user; marks of direction
make a line read other than it is. Both become `\ufffd`, and in JSON an escape, which reads back as it was.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

import click

# Control characters, marks of direction and others that cannot be seen, halves of surrogate pairs, line separators.
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
# They join letters and emoji.
_JOINERS = {"\u200c", "\u200d"}
_NOT_ASCII_OR_CONTROL = re.compile(r"[^\n\x20-\x7e]")


def printable(text: str) -> str:
    """Return `text` with nothing in it that a terminal would act upon; line feeds stay."""
    return _NOT_ASCII_OR_CONTROL.sub(lambda found: "\ufffd" if _is_hidden(found[0]) else found[0], text)


def on_one_line(text: str) -> str:
    """Return printable text without line breaks."""
    return printable(" ".join(text.split()))


def echo(text: str, *, err: bool = False) -> None:
    """Print a line, on the standard error with `err`."""
    click.echo(printable(text), err=err)


def to_json(value: Any, indent: int | None = 2) -> str:
    """Return JSON that can be looked at, and read back exactly."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _NOT_ASCII_OR_CONTROL.sub(lambda found: _escaped(found[0]) if _is_hidden(found[0]) else found[0], text)


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in _HIDDEN and char not in _JOINERS


def _escaped(char: str) -> str:
    return json.dumps(char)[1:-1]
