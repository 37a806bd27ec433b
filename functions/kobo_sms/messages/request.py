"""The request on the queue, read and written. Which fields are right is told by `messages.fields`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from kobo_sms.errors import InvalidRequest, Problem
from kobo_sms.messages import numbers, pages
from kobo_sms.messages.compact_json import MAX_MESSAGE, dump, size
from kobo_sms.messages.fields import FIELDS, ID_PATTERN, find_problems, read_moment

# Beside the request there must be room in a message for which part it is, and for why it could not be sent.
MAX_BODY = MAX_MESSAGE - 4096
# They are kept one by one in one item, and DynamoDB's limit is 400 kB.
MAX_BAD_NUMBERS = 1000
# Stands in a dead letter where the text of a sensitive request stood.
CONCEALED = "(sensitive: not kept)"


@dataclass(frozen=True)
class BadNumber:
    """A number of the request that cannot be sent to: `raw` as the producer wrote it, its first 64 characters, and why.

    The fingerprint of a request's content is made of `raw` (`parts`): it must not change.
    """

    raw: str
    reason: str


@dataclass(frozen=True)
class Request:
    """A text to one or many numbers.

    `to` holds each number once in KoboMobile's form, sorted: queued again in another order, the same numbers make the
    same calls and the same smaller parts. `sender` is the field `from`. `written` are the numbers as the producer wrote
    them, but for their punctuation, each once and sorted: what is known of numbers may change, that does not.
    """

    id: str
    to: tuple[str, ...]
    msg: str
    bad: tuple[BadNumber, ...] = ()
    sender: str | None = None
    type: int | None = None
    expires_at: datetime | None = None
    sensitive: bool = False
    reference: str | None = None
    promotional: bool = False
    campaign: str | None = None
    written: tuple[str, ...] = field(default=(), compare=False)

    @property
    def wire_type(self) -> int:
        """The `type` to send: the producer's, or what the text needs."""
        return self.type if self.type is not None else pages.choose_type(self.msg)

    @property
    def pages(self) -> int:
        """Pages billed for each recipient."""
        return pages.count_pages(self.msg, self.wire_type)

    def with_numbers(self, to: tuple[str, ...]) -> Request:
        """Return the same text to other numbers, the bad ones left out."""
        return replace(self, to=to, bad=(), written=())

    def to_json(self) -> str:
        """Return the request in the form that producers use; `parse` reads it back."""
        fields: dict[str, Any] = {"id": self.id, "to": ["+" + number for number in self.to], "msg": self.msg}
        optional = {"from": self.sender, "type": self.type, "reference": self.reference, "campaign": self.campaign}
        fields |= {name: value for name, value in optional.items() if value is not None}
        if self.expires_at is not None:
            fields["expires_at"] = self.expires_at.isoformat()
        fields |= {name: True for name in ("sensitive", "promotional") if getattr(self, name)}
        # ASCII, as SQS refuses some characters (U+FFFF, say) that a text may hold.
        return json.dumps(fields, separators=(",", ":"))


def parse(body: str, *, region: str, default_id: str) -> Request:
    """Read a request off a queue message's body.

    Parameters
    ----------
    body
        JSON, as events/request.schema.json says.
    region
        The country whose national number format is understood (ISO 3166-1 alpha-2).
    default_id
        The id of a request that names none: the SQS message id.

    Raises
    ------
    InvalidRequest
        naming every field at fault. A bad number among others is no fault of the request: see `Request.bad`; more
        than MAX_BAD_NUMBERS of them are.
    """
    fields = _load(body)
    problems = find_problems(fields)
    if problems:
        raise InvalidRequest(problems)
    good, bad = _sort_numbers(fields["to"], region)
    if len(bad) > MAX_BAD_NUMBERS:
        advice = f"{len(bad)} of the numbers cannot be sent to, the first because: {bad[0].reason}; mend the list"
        raise InvalidRequest([Problem("to", advice)])
    return Request(
        id=fields.get("id", default_id),
        to=good,
        bad=bad,
        msg=fields["msg"],
        sender=fields.get("from"),
        type=fields.get("type"),
        expires_at=read_moment(fields["expires_at"]) if "expires_at" in fields else None,
        sensitive=fields.get("sensitive", False),
        reference=fields.get("reference"),
        promotional=fields.get("promotional", False),
        campaign=fields.get("campaign"),
        written=tuple(sorted({numbers.compact(raw) for raw in _listed(fields["to"])})),
    )


def require_room(body: str) -> None:
    """Raise InvalidRequest for a message's body that leaves no room beside it for what the stack notes there."""
    if size(body) > MAX_BODY:
        raise InvalidRequest([Problem("body", f"has {size(body):,} bytes, at most {MAX_BODY:,} can be; split it")])


def _load(body: str) -> dict[str, Any]:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest([Problem("body", f"not JSON ({type(error).__name__})")]) from error
    if not isinstance(fields, dict):
        raise InvalidRequest([Problem("body", 'not a JSON object: write {"to": ..., "msg": ...}')])
    return fields


def _sort_numbers(to: str | list[str], region: str) -> tuple[tuple[str, ...], tuple[BadNumber, ...]]:
    good: set[str] = set()
    bad: dict[str, BadNumber] = {}
    for raw in _listed(to):
        try:
            good.add(numbers.normalise(raw, region))
        except numbers.InvalidNumber as error:
            bad.setdefault(raw, BadNumber(_storable(raw[:64]), str(error)))
    return tuple(sorted(good)), tuple(bad.values())


def _listed(to: str | list[str]) -> list[str]:
    return [to] if isinstance(to, str) else to


def _storable(raw: str) -> str:
    return raw.encode(errors="replace").decode()


def conceal(body: str) -> str:
    """Return `body` without its text if it says `sensitive`: what is dead is kept for two weeks for people to read.

    The text may stand in a field of another name: of unknown fields only the names are kept, and not even these where
    a message has no room for them. What is then still too large is no request; its id is kept.
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(fields, dict) or not fields.get("sensitive"):
        return body
    known = {name: value for name, value in fields.items() if name in FIELDS and name != "msg"}
    for kept in (fields | dict.fromkeys(fields.keys() - known.keys(), CONCEALED), known):
        try:
            text = dump(kept)
        except RecursionError:
            # Lists in lists that could just be read.
            continue
        if size(text) <= MAX_MESSAGE:
            return text
    id_ = fields.get("id")
    return dump({"sensitive": True} | ({"id": id_} if isinstance(id_, str) and re.match(ID_PATTERN, id_) else {}))
