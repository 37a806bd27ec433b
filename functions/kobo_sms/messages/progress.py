"""What became of the recipients of a part in a line of text, by which a campaign's parts are sorted and counted.

A fragment a state and reason, `STATE COUNT` or `STATE COUNT REASON`, joined by line ends. What is still open comes
first, so that a part with anything open begins with an open state. The text is a key of an index: 1,024 bytes at most.

Pure.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from kobo_sms.messages import states
from kobo_sms.messages.states import State
from kobo_sms.table import CAMPAIGN_SHARDS

# Recipients counted by state and reason; the reason is empty where there is none, or where it was left out.
Progress = Counter[tuple[str, str]]
# KoboMobile's words may be in a reason. Of so many bytes each, nine fit beside a state without a reason each.
_MOST_OF_A_REASON = 80
_MOST_REASONS = 8


def describe_progress(state: str, reason: str | None, recipients: Mapping[str, Mapping[str, Any]]) -> str:
    """Return what became of the recipients of a part in `state`: those without a state of their own have the part's.

    Of a part that was split, those that wait in its smaller parts are left out.
    """
    tally: Progress = Counter()
    for known in recipients.values():
        if "state" in known:
            tally[known["state"], _shortened(known.get("reason"))] += 1
        elif state != State.SPLIT:
            tally[state, _shortened(reason)] += 1
    fragments = sorted(_limited(tally).items(), key=_rank)
    return "\n".join(f"{of} {count} {why}".rstrip() for (of, why), count in fragments) or f"{state} 0"


def read_progress(text: str) -> Progress:
    """Return the counts by state and reason that `describe_progress` wrote."""
    tally: Progress = Counter()
    for fragment in text.split("\n"):
        state, count, *reason = fragment.split(" ", 2)
        tally[state, reason[0] if reason else ""] += int(count)
    return +tally


def open_prefixes() -> Iterator[str]:
    """Yield how the text of a part with an open recipient may begin."""
    return (f"{state} " for state in sorted(states.OPEN))


def campaign_shard(campaign_id: str, request_id: str, part: str) -> str:
    """Return the partition of the index `campaign` that a part belongs to; they are spread evenly."""
    return f"{campaign_id}/{zlib.crc32(f'{request_id}/{part}'.encode()) % CAMPAIGN_SHARDS}"


def _shortened(reason: str | None) -> str:
    words = " ".join((reason or "").split())
    content = words.encode()
    return words if len(content) <= _MOST_OF_A_REASON else content[:_MOST_OF_A_REASON].decode(errors="ignore").rstrip()


def _limited(tally: Progress) -> Progress:
    """Leave the rarest reasons out."""
    told = [key for key, _ in tally.most_common() if key[1]][:_MOST_REASONS]
    limited: Progress = Counter()
    for (state, reason), count in tally.items():
        limited[state, reason if (state, reason) in told else ""] += count
    return limited


def _rank(fragment: tuple[tuple[str, str], int]) -> tuple[bool, int, str, str]:
    (state, reason), count = fragment
    return state not in states.OPEN, -count, state, reason
