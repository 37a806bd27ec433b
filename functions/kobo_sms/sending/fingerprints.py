"""Whether a request that is queued again is the one that the table knows under its id, or another one.

An item keeps two fingerprints of its content: `fingerprint` of the numbers as they are sent to, however they were
written, and `raw_fingerprint` of the numbers as they were written, whatever is known of numbers by then. Either of them
is enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kobo_sms.aws.dynamodb import Expression
from kobo_sms.messages.parts import Part
from kobo_sms.table import Item


@dataclass(frozen=True)
class Fingerprints:
    """Fingerprints keyed with `key`, so that the table alone betrays no short text; `former` is the key of the release
    before this one, None where there was none."""

    key: str
    former: str | None = None

    def attributes(self, part: Part) -> Item:
        """Return what is kept of a part's content."""
        return {"fingerprint": part.fingerprint(self.key), "raw_fingerprint": part.raw_fingerprint(self.key)}

    def condition(self, write: Expression, part: Part) -> str:
        """Return the condition that the item of `part` is of its content."""
        raw = f"{write.name('raw_fingerprint')} = {write.value(part.raw_fingerprint(self.key))}"
        known = (f"{write.name('fingerprint')} = {write.value(each)}" for each in self._known(part))
        return f"({' OR '.join((*known, raw))})"

    def match(self, part: Part, item: Mapping[str, Any]) -> bool:
        """Tell whether an item is of the content of `part`."""
        return item.get("fingerprint") in self._known(part) or (
            item.get("raw_fingerprint") == part.raw_fingerprint(self.key)
        )

    def _known(self, part: Part) -> list[str]:
        return [part.fingerprint(key) for key in (self.key, self.former) if key is not None]
