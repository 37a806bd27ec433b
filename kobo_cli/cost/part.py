"""What one part takes of DynamoDB, EventBridge and the logs, from its claim to its last report.

Counted, in tests/integration/cost/test_parts.py. Sizes are DynamoDB's, in bytes: of an item with an id of 36
characters, without a reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

_WRITE_UNIT, _READ_UNIT, _EVENT_CHUNK = 1024, 4096, 65_536
# What the campaign's id and the attributes of its index add.
_OF_A_CAMPAIGN = 55
# An entry of `kobo find`, and what storage adds to each item and each entry of an index.
LOOK_UP_BYTES, STORAGE_OVERHEAD = 98, 100
# An entry of the index `campaign`: the keys of table and index.
_INDEX_ENTRY = 90
_EVENTS = 3


@dataclass(frozen=True)
class PartSize:
    """The size of the item of a part of `numbers` recipients and a text of `text` bytes, as it grows."""

    numbers: int
    text: int
    campaign: bool

    @property
    def claimed(self) -> int:
        """After the claim."""
        return 439 + self.text + 17 * self.numbers + self._campaign

    @property
    def sent(self) -> int:
        """After KoboMobile's answer."""
        return 491 + self.text + 59 * self.numbers + self._campaign

    def asked(self, rounds: float) -> float:
        """After so many rounds of questions that ended nothing."""
        return self.sent + 25 + 16 * self.numbers + 54 * rounds if rounds else self.sent

    def final(self, rounds: float) -> float:
        """After the last of so many rounds."""
        return self.sent - 17 + 40 * self.numbers + 54 * rounds

    @property
    def _campaign(self) -> int:
        return _OF_A_CAMPAIGN if self.campaign else 0


@dataclass(frozen=True)
class WriteUnits:
    """Units of writes: of the table itself, and of its two indexes."""

    table: float
    due: float
    campaign: float

    @property
    def total(self) -> float:
        """What is billed."""
        return self.table + self.due + self.campaign


@dataclass(frozen=True)
class PartUse:
    """What one part takes: DynamoDB's units, entries of 64 kB on EventBridge, changes in the stream, bytes kept.

    `sending` ends with KoboMobile's answer and the look-up by number; `asking` is all rounds of questions together.
    """

    sending: WriteUnits
    asking: WriteUnits
    read_units: float
    events: int
    changes: float
    stored_bytes: float

    @property
    def write_units(self) -> float:
        """Of all writes."""
        return self.sending.total + self.asking.total


def use_of_part(size: PartSize, rounds: float, *, find: bool) -> PartUse:
    """Return what a part takes that is asked about in `rounds` rounds, in the last of which all end."""
    unfinished = rounds - 1
    looked_up = size.numbers if find else 0
    # Into the index `campaign` by the claim; moved when sent, and when all have ended.
    in_campaign, out_of_campaign = (1 + 2, 2) if size.campaign else (0, 0)
    asked = unfinished * _units(size.asked(unfinished)) + _units(size.final(rounds))
    return PartUse(
        # Into the index `due` after sending, moved by each round, out of it by the last.
        sending=WriteUnits(_units(size.claimed) + _units(size.sent) + looked_up, 1, in_campaign),
        asking=WriteUnits(asked, 2 * unfinished + 1, out_of_campaign),
        # Each round reads the part as it is, consistently.
        read_units=rounds * ceil(size.asked(unfinished) / _READ_UNIT),
        events=_EVENTS * ceil((350 + 123 * size.numbers) / _EVENT_CHUNK),
        changes=2 + rounds,
        stored_bytes=size.final(rounds)
        + STORAGE_OVERHEAD
        + looked_up * (LOOK_UP_BYTES + STORAGE_OVERHEAD)
        + (_INDEX_ENTRY + STORAGE_OVERHEAD if size.campaign else 0),
    )


def _units(size: float) -> int:
    return ceil(size / _WRITE_UNIT)
