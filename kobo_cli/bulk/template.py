"""The text of a campaign, with placeholders for what the columns hold: `Dear {name}, ...`.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kobo_cli.bulk.columns import find_column
from kobo_cli.errors import CliError

# A doubled brace is one that stands for itself.
_BRACES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


@dataclass(frozen=True)
class Template:
    """Pieces of text, and between them the places of columns (`columns`, each once)."""

    pieces: tuple[str | int, ...]

    @property
    def columns(self) -> tuple[int, ...]:
        """The columns whose values the text needs."""
        return tuple(dict.fromkeys(piece for piece in self.pieces if isinstance(piece, int)))

    def render(self, values: Sequence[str]) -> str:
        """Return the text for the values of a row."""
        return "".join([values[piece] if isinstance(piece, int) else piece for piece in self.pieces])


def parse(text: str, columns: Sequence[str]) -> Template:
    """Return the template that a text is, for a table with these columns.

    Raises
    ------
    CliError
        for a placeholder that names no column, or more than one, and for a brace that is none of a placeholder.
    """
    pieces: list[str | int] = []
    end = 0
    for match in _BRACES.finditer(text):
        pieces.append(text[end : match.start()])
        end = match.end()
        pieces.append(_piece(match, columns))
    pieces.append(text[end:])
    return Template(tuple(piece for piece in pieces if piece != ""))


def _piece(match: re.Match[str], columns: Sequence[str]) -> str | int:
    found, name = match[0], match[1]
    if found in ("{{", "}}"):
        return found[0]
    if name is None:
        at = f"--msg: character {match.start() + 1}"
        raise CliError(f"{at}: a {found} without its other half; write {found * 2} for a brace that is to be sent")
    if not name.strip():
        raise CliError(f"--msg: {found} names no column; write {{{{}}}} for braces that are to be sent")
    return find_column(columns, name.strip(), what=f"--msg: {found}")
