"""The entries of the messages table that say who opted out, and whom a delivery report called do-not-disturb.

An entry's key is `~optout/SHARD` (`~dnd/SHARD`) and the number. The shard is the number's last two digits, so that a
million numbers, and the look-ups of a whole campaign, spread over a hundred partitions. Who opted out stays so until
somebody takes it back: those entries never expire.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kobo_sms.messages.states import State
from kobo_sms.table import DO_NOT_DISTURB_PREFIX, OPTOUT_PREFIX, Item, moment

SHARDS = tuple(f"{shard:02d}" for shard in range(100))


def key_of(number: str) -> Item:
    """Return the key of the entry by which a number has opted out."""
    return {"id": f"{OPTOUT_PREFIX}{number[-2:]}", "part": number}


def optout_entries(numbers: Iterable[str], *, by: str, now: float) -> Iterator[Item]:
    """Return the entries by which numbers opt out at `now` (epoch seconds); `by` says who wrote that down."""
    return (key_of(number) | {"at": moment(now), "by": by} for number in numbers)


def do_not_disturb_entries(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> Iterator[Item]:
    """Return an entry for each recipient of a part that has become `do_not_disturb`; they expire with the part."""
    before: Mapping[str, Any] = old["recipients"] if old else {}
    for number, known in new["recipients"].items():
        reported = known.get("state") == State.DO_NOT_DISTURB
        if reported and before.get(number, {}).get("state") != State.DO_NOT_DISTURB:
            key = {"id": f"{DO_NOT_DISTURB_PREFIX}{number[-2:]}", "part": number}
            yield key | {"at": known.get("at", new["updated_at"]), "expires": int(new["expires"])}
