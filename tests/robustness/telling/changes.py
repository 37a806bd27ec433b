"""The changes of recipients' states that a stream holds: what is to be told.

Read from the records here, in the few lines that the contract takes, not by the code under test.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from kobo_sms.messages.packing import unpack_numbers
from local_aws.stream_shard import Record
from tests.robustness.telling.stream import Image, TableStream, sequence_of

# A part: request id and name.
Key = tuple[str, str]
States = dict[str, str]
# What is a number, and so is looked up.
_NUMBER_LENGTH = 13


@dataclass(frozen=True)
class Change:
    """One change of a part: when, the recipients whose state it changed; None: nobody can read it."""

    sequence: str
    at: str
    states: States | None


def changes_of(stream: TableStream) -> dict[Key, list[Change]]:
    """Return the changes of each part, in order."""
    found: dict[Key, list[Change]] = defaultdict(list)
    for record in parts_in(stream):
        change = _change(record)
        if change.states != {}:
            found[key_of(record)].append(change)
    return found


def parts_in(stream: TableStream) -> Iterator[Record]:
    """Return the records of parts: the ids of other items begin with `~`."""
    return (record for record in stream.records if not key_of(record)[0].startswith("~"))


def states_of(image: Image) -> States:
    """Return each recipient's state: its own, or its part's; the others of a split part wait in smaller parts."""
    of_part = image["state"]["S"]
    rest = "queued" if of_part == "split" else of_part
    waiting = unpack_numbers(image["numbers"]["B"]) if "numbers" in image else ()
    own = {
        to: each["M"]["state"]["S"] if "state" in each["M"] else rest for to, each in image["recipients"]["M"].items()
    }
    return dict.fromkeys(waiting, rest) | own


def moment_of(image: Image) -> str:
    """Return when a part was last written, in ISO 8601 as events have it."""
    moment = datetime.fromtimestamp(float(image["updated_at"]["N"]), UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def entries_for(record: Record) -> list[tuple[str, str]]:
    """Return the keys of the look-up entries that a record calls for: one for each number of a new part."""
    new, (request, part) = record["dynamodb"]["NewImage"], key_of(record)
    if "OldImage" in record["dynamodb"] or "recipients" not in new:
        return []
    place = f"{int(Decimal(new['created_at']['N']) * 1000):015d}/{part}/{request}"
    return [(f"~to/{to}", place) for to in new["recipients"]["M"] if len(to) == _NUMBER_LENGTH and to.isdigit()]


def key_of(record: Record) -> Key:
    """Return whose change a record is."""
    keys = record["dynamodb"]["Keys"]
    return keys["id"]["S"], keys["part"]["S"]


def _change(record: Record) -> Change:
    images, sequence = record["dynamodb"], sequence_of(record)
    try:
        before = states_of(images["OldImage"]) if "OldImage" in images else {}
        after = states_of(images["NewImage"])
        at = moment_of(images["NewImage"])
    except KeyError:
        return Change(sequence, "", None)
    return Change(sequence, at, {to: state for to, state in after.items() if before.get(to) != state})
