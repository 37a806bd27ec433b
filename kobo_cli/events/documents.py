"""The documents of status events: read from what EventBridge delivers, each told once."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any

Document = dict[str, Any]
# Some 10 MB; an event that comes again does so within moments of its first time.
_REMEMBERED = 100_000


class ToldOnce:
    """Drops the documents that come again: those of an `event_id` among the last hundred thousand."""

    def __init__(self, remembered: int = _REMEMBERED) -> None:
        self._told: OrderedDict[str, None] = OrderedDict()
        self._remembered = remembered

    def new(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Yield the documents that did not come before."""
        for document in documents:
            if document["event_id"] in self._told:
                continue
            self._told[document["event_id"]] = None
            if len(self._told) > self._remembered:
                self._told.popitem(last=False)
            yield document


def detail_of(body: str) -> Document | None:
    """Return the document of a status event, which EventBridge delivered; None for anything else."""
    try:
        event = json.loads(body)
    except ValueError:
        return None
    detail = event.get("detail") if isinstance(event, dict) else None
    return detail if isinstance(detail, dict) and isinstance(detail.get("event_id"), str) else None
