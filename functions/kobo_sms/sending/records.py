"""The shape of an item of the messages table, free of I/O: what one part looks like when it is kept.

Keys: `id` (request) and `part`. `recipients` maps each number to what is known of it beyond the part's own state:
`state`, `reason`, `msgid`, `report`, `at`. Moments are epoch seconds with milliseconds.

Pure.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from kobo_sms.messages.packing import unpack_numbers
from kobo_sms.messages.parts import Part
from kobo_sms.messages.progress import campaign_shard, describe_progress
from kobo_sms.messages.request import BadNumber
from kobo_sms.messages.states import State
from kobo_sms.sending.decisions import Decision, Outcome
from kobo_sms.table import DUE_SHARDS, Item, moment

# What was written instead of a number is kept in so many bytes: 1,000 of these, beside 500 recipients with all that
# is reported of them, must fit into one item (test_item_size.py).
MAX_RAW_BYTES = 40
_CUT = "…"
OPTED_OUT = "opted out"


def describe(part: Part, *, sender: str, store_text: bool, opted_out: Collection[str] = ()) -> Item:
    """Return the attributes of a part that never change, its recipients as they are before the first attempt."""
    request = part.request
    item: Item = {
        "origin": part.origin,
        "from": sender,
        "type": request.wire_type,
        "pages": request.pages,
        "created_at": moment(part.queued_at),
        "message_uuid": part.message_uuid,
        "recipients": {number: {} for number in request.to} | opted_out_recipients(opted_out) | bad_recipients(part),
    }
    if request.reference is not None:
        item["reference"] = request.reference
    if request.campaign is not None:
        item["campaign"] = request.campaign
        item["campaign_shard"] = campaign_shard(request.campaign, request.id, part.name)
    if request.promotional:
        item["promotional"] = True
    if store_text and not request.sensitive:
        item["text"] = request.msg
    return item


def as_kept(part: Part, item: Mapping[str, Any]) -> Part:
    """Return a part as the table has it: whatever is known of numbers today, what was begun goes on with the numbers
    and the message_uuid that it was begun with. `item` is empty for a part that is new."""
    part, recipients = replace(part, kept_uuid=item.get("message_uuid")), item.get("recipients")
    if recipients is None or recipients.keys() == {*part.request.to, *bad_recipients(part)}:
        return part
    refused = ((raw, known["reason"]) for raw, known in recipients.items() if "reason" in known)
    bad = tuple(BadNumber(raw, reason) for raw, reason in refused if reason != OPTED_OUT)
    return replace(part, request=replace(part.request, to=_waiting(recipients), bad=bad))


def _waiting(recipients: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the numbers of which nothing is known beyond their part's state."""
    return tuple(sorted(number for number, known in recipients.items() if "state" not in known))


def smaller_parts(part: Part, item: Mapping[str, Any]) -> list[Part]:
    """Return the parts that a part which was split has become: a function of its item."""
    if "numbers" in item:
        numbers = tuple(unpack_numbers(item["numbers"]))
        return replace(part, request=part.request.with_numbers(numbers)).chunks()
    return replace(part, request=part.request.with_numbers(_waiting(item["recipients"]))).halves()


def bad_recipients(part: Part) -> dict[str, dict[str, str]]:
    """Return the numbers of the request that cannot be sent to, as rejected recipients under what was written.

    What is long is cut, and what is then the same as another is numbered.
    """
    bad = part.request.bad
    names = _distinct(each.raw or "(empty)" for each in bad)
    return {name: {"state": State.REJECTED, "reason": each.reason} for name, each in zip(names, bad, strict=True)}


def opted_out_recipients(numbers: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return numbers that opted out, as rejected recipients."""
    return {number: {"state": State.REJECTED, "reason": OPTED_OUT} for number in numbers}


def opted_out_of(recipients: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """Return the numbers in a part's recipients that are rejected as they opted out."""
    return frozenset(number for number, known in recipients.items() if known.get("reason") == OPTED_OUT)


def _distinct(texts: Iterable[str]) -> Iterator[str]:
    taken: set[str] = set()
    repeated: Counter[str] = Counter()
    for text in texts:
        name = usual = _cut(text, MAX_RAW_BYTES)
        while name in taken:
            repeated[usual] += 1
            number = f" ({repeated[usual] + 1})"
            name = _cut(text, MAX_RAW_BYTES - len(number)) + number
        taken.add(name)
        yield name


def _cut(text: str, most: int) -> str:
    content = text.encode()
    return text if len(content) <= most else content[: most - len(_CUT.encode())].decode(errors="ignore") + _CUT


def recipients_after(
    part: Part, outcomes: Mapping[str, Outcome], now: float, opted_out: Collection[str] = ()
) -> dict[str, Item]:
    """Return the recipients map as it is once `outcomes` are known of those that were sent to."""
    known: dict[str, Item] = {number: {} for number in part.request.to}
    known |= opted_out_recipients(opted_out)
    for number, outcome in outcomes.items():
        fields = {"state": outcome.state, "reason": outcome.reason, "msgid": outcome.msgid}
        known[number] = {name: value for name, value in fields.items() if value is not None}
        if outcome.state is not None:
            known[number]["at"] = moment(now)
    return known | bad_recipients(part)


def progress_after(part: Part, decision: Decision, now: float, opted_out: Collection[str] = ()) -> str:
    """Return what became of the recipients, as the index of campaigns has it."""
    recipients = recipients_after(part, decision.outcomes, now, opted_out)
    return describe_progress(decision.state, decision.reason, recipients)


def due_shard(part: Part) -> str:
    """Return the partition of the index of due reports that `part` belongs to; spread evenly over DUE_SHARDS."""
    return str(zlib.crc32(f"{part.request.id}/{part.name}".encode()) % len(DUE_SHARDS))
