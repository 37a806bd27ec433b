"""A table in memory that tests write by hand, and the stream of its changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from kobo_sms.aws.dynamodb import encode
from tests.robustness.telling.stream import Image, TableStream
from tests.unit.events.stream import part

START = 1_800_000_000.0


@dataclass
class Table:
    """Parts and the stream of their changes."""

    stream: TableStream = field(default_factory=TableStream)
    items: dict[tuple[str, str], Image] = field(default_factory=dict)
    now: float = START

    def put(self, request: str, **attributes: Any) -> None:
        """Write a part, a second after the write before."""
        self.now += 1
        moments = {"created_at": Decimal(str(START)), "updated_at": Decimal(str(self.now))}
        item = encode(part(request, **moments | attributes))
        self._write(item)

    def spoil(self, request: str) -> None:
        """Write a part that nobody can read."""
        self._write(encode({"id": request, "part": "0", "message_uuid": "x"}))

    def readable(self) -> list[Image]:
        """Return the parts that can be read."""
        return [item for item in self.items.values() if "recipients" in item]

    def _write(self, item: Image) -> None:
        key = item["id"]["S"], item["part"]["S"]
        self.stream.write(self.items.get(key), item, self.now)
        self.items[key] = item
