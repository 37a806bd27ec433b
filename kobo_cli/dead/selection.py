"""Which letters a command is about: those of some requests, those with some words in their reason, or all.

Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from kobo_cli.dead.letters import Letter


@dataclass(frozen=True)
class Selection:
    """`ids` of requests or of letters themselves; `words` that a reason holds, in any order, capitals or not."""

    ids: Collection[str] = ()
    words: str = ""

    def takes(self, letter: Letter) -> bool:
        """Tell whether a letter is meant."""
        if self.ids:
            return not {letter.request_id, letter.message_id}.isdisjoint(self.ids)
        reason = letter.reason.casefold()
        return all(word in reason for word in self.words.casefold().split())

    def missing(self, found: Iterable[str]) -> list[str]:
        """Return the ids that are not among those of requests and letters that were `found`, each once."""
        known = set(found)
        return [id_ for id_ in dict.fromkeys(self.ids) if id_ not in known]
