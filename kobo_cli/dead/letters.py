"""A dead letter: what its message attributes and its body say.

Written by `kobo_sms.sending.dead_letters`, or moved by SQS itself: then it is the message as it was on its lane, and
gives no reason. Anybody may have put it there, so nothing in it is taken for granted.

Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kobo_sms.errors import InvalidRequest
from kobo_sms.messages.fields import FIELDS, ID_PATTERN
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.messages.parts import NAMES, ORIGIN, PART, ROOT, Part, is_part_name, read_attributes
from kobo_sms.messages.request import CONCEALED, parse, require_room

NO_REASON = "no reason given: SQS moved it here after 1,000 receives, or somebody put it here by hand"


@dataclass(frozen=True)
class Letter:
    """One message of the dead-letter queue; `sent_at` in epoch seconds, `notes` are its message attributes.

    `source`: the lane that SQS itself moved it from, None when it came otherwise.
    """

    message_id: str
    handle: str
    body: str
    notes: Mapping[str, str]
    sent_at: float
    receives: int = 1
    source: Lane | None = None

    @cached_property
    def fields(self) -> Mapping[str, Any] | None:
        """The body as a JSON object, None when it is none."""
        try:
            fields = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return fields if isinstance(fields, dict) else None

    @property
    def request_id(self) -> str:
        """The request's id; where none is known, the letter's own, which SQS gave it."""
        for known in ((self.fields or {}).get("id"), self.notes.get("RequestId")):
            if isinstance(known, str) and re.match(ID_PATTERN, known):
                return known
        return self.message_id

    @property
    def part(self) -> str | None:
        """The part's name, None when it is no part of a request."""
        name = self.notes.get(PART, ROOT)
        return name if self.fields is not None and is_part_name(name) else None

    @property
    def reason(self) -> str:
        """Why it is here."""
        return self.notes.get("Reason") or NO_REASON

    @property
    def lane(self) -> Lane | None:
        """The lane that it came from, None when nothing says so."""
        return next((lane for lane in LANES if lane == self.notes.get("Lane")), self.source)

    @property
    def attempts(self) -> int | None:
        """How many attempts counted, None when none is noted."""
        count = self.notes.get("Attempts", "")
        return int(count) if re.fullmatch(r"[0-9]{1,9}", count) else None

    @property
    def is_concealed(self) -> bool:
        """Whether its text is missing, as it was sensitive."""
        return self.fields is not None and self.fields.get("msg") == CONCEALED and bool(self.fields.get("sensitive"))


@dataclass(frozen=True)
class Content:
    """What a letter carries: a part that can be put back on its lane, or the `problem` that stands in the way."""

    part: Part | None
    problem: str = ""


def read_content(letter: Letter, region: str) -> Content:
    """Return what `letter` carries; `region` is the country whose national form of numbers is understood."""
    if letter.is_concealed:
        return Content(None, "it is sensitive, so its text was not kept; queue it anew")
    try:
        require_room(letter.body)
        request = parse(letter.body, region=region, default_id=letter.request_id)
        # It is queued anew, so since when it has waited does not matter.
        which = {name: letter.notes[name] for name in (PART, ORIGIN) if name in letter.notes}
        found = read_attributes(which, letter.sent_at)
    except InvalidRequest as error:
        return Content(None, f"it is no request that can be sent; at fault: {_at_fault(error)}")
    return Content(Part(request, letter.sent_at, found.name, found.origin))


def _at_fault(error: InvalidRequest) -> str:
    # The advice may quote the text, and an unknown field's name may be anything.
    named = (
        problem.field if problem.field in {*FIELDS, *NAMES, "body"} else "another field" for problem in error.problems
    )
    return ", ".join(dict.fromkeys(named))
