"""The message attributes of a part that we queued ourselves: written and read here and nowhere else.

Whoever may send to a queue may write them too, so nothing in them is taken for granted.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kobo_sms.errors import InvalidRequest, Problem
from kobo_sms.messages.parts import ROOT, Part

PART, ORIGIN, QUEUED_AT = "KoboPart", "KoboOrigin", "KoboQueuedAt"
NAMES = (PART, ORIGIN, QUEUED_AT)
# A request of 1 MiB has fewer than 300 parts of 500 numbers, and those are halved nine times at the most.
_LONGEST_NAME = 64
_NAME = re.compile(r"0(\.[0-9]{1,9})*")
_SECONDS = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
# Values by attribute; None for one that is not of the type String.
Texts = Mapping[str, str | None]


@dataclass(frozen=True)
class PartAttributes:
    """Which part of a request a message carries, as in `Part`."""

    name: str
    origin: str
    queued_at: float


def write_attributes(part: Part) -> dict[str, str]:
    """Return the attributes of a message that carries `part`."""
    return {PART: part.name, ORIGIN: part.origin, QUEUED_AT: f"{part.queued_at:.3f}"}


def read_attributes(texts: Texts, sent_at: float) -> PartAttributes:
    """Return what the attributes of a message say that SQS took at `sent_at` (epoch seconds).

    A message without them carries a whole request. A moment later than `sent_at` counts as that: a clock was wrong,
    or somebody wants the message never to grow old.

    Raises
    ------
    InvalidRequest
        naming each attribute that nobody of ours can have written.
    """
    name = texts.get(PART, ROOT)
    origin = texts.get(ORIGIN, name)
    queued_at = texts.get(QUEUED_AT, f"{sent_at:.3f}")
    problems = []
    if not is_part_name(name):
        problems.append(Problem(PART, "no name of a part, as 0 or 0.1; leave it out"))
    elif not _is_origin(origin, name):
        problems.append(Problem(ORIGIN, f"no part that {name} can be of; leave it out"))
    if queued_at is None or not _SECONDS.fullmatch(queued_at):
        problems.append(Problem(QUEUED_AT, "no moment in seconds since 1970; leave it out"))
    if problems or name is None or origin is None or queued_at is None:
        raise InvalidRequest(problems)
    return PartAttributes(name, origin, min(float(queued_at), sent_at))


def is_part_name(text: str | None) -> bool:
    """Tell whether a part can have this name."""
    return text is not None and len(text) <= _LONGEST_NAME and _NAME.fullmatch(text) is not None


def _is_origin(text: str | None, name: str | None) -> bool:
    return text is not None and name is not None and f"{name}.".startswith(f"{text}.")
