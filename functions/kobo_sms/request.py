"""Contract 1: the request on the queue, read and checked.

`events/request.schema.json` is generated from the rules here (`kobo_sms.request_schema`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from kobo_sms import numbers, pages
from kobo_sms.errors import InvalidRequest, Problem

MAX_TEXT = 905
MAX_REFERENCE = 256
# They are kept one by one in one item, and DynamoDB's limit is 400 kB.
MAX_BAD_NUMBERS = 1000
ID_PATTERN = r"^[A-Za-z0-9._:\-]{1,128}$"
# KOBOMOBILE_API.md, "Parameters of send/": at most 16 characters if numeric, at most 11 otherwise.
SENDER_PATTERN = r"^([0-9]{1,16}|(?=.*[!-~])[ -~]{1,11})$"
FIELDS = ("to", "msg", "from", "type", "id", "expires_at", "sensitive", "reference")

Check = Callable[[dict[str, Any]], list[Problem]]


@dataclass(frozen=True)
class BadNumber:
    """A number of the request that cannot be sent to: `raw` as the producer wrote it, and why."""

    raw: str
    reason: str


@dataclass(frozen=True)
class Request:
    """A text to one or many numbers.

    `to` holds each number once in KoboMobile's form, sorted: queued again in another order, the same numbers make the
    same calls and the same smaller parts. `sender` is the field `from`.
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
        return replace(self, to=to, bad=())

    def to_json(self) -> str:
        """Return the request in the form of contract 1; `parse` reads it back."""
        fields: dict[str, Any] = {"id": self.id, "to": ["+" + number for number in self.to], "msg": self.msg}
        optional = {"from": self.sender, "type": self.type, "reference": self.reference}
        fields |= {name: value for name, value in optional.items() if value is not None}
        if self.expires_at is not None:
            fields["expires_at"] = self.expires_at.isoformat()
        if self.sensitive:
            fields["sensitive"] = True
        # ASCII, as SQS refuses some characters (U+FFFF, say) that a text may hold.
        return json.dumps(fields, separators=(",", ":"))


def parse(body: str, *, region: str, default_id: str) -> Request:
    """Read a request off a queue message's body.

    Parameters
    ----------
    body
        JSON, as contract 1 says.
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
    problems = [Problem(name, f"unknown field; known are {', '.join(FIELDS)}") for name in fields if name not in FIELDS]
    problems += [problem for check in _CHECKS for problem in check(fields)]
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
        expires_at=_moment(fields["expires_at"]) if "expires_at" in fields else None,
        sensitive=fields.get("sensitive", False),
        reference=fields.get("reference"),
    )


def _load(body: str) -> dict[str, Any]:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest([Problem("body", f"not JSON ({type(error).__name__})")]) from error
    if not isinstance(fields, dict):
        raise InvalidRequest([Problem("body", 'not a JSON object: write {"to": ..., "msg": ...}')])
    return fields


def _check_to(fields: dict[str, Any]) -> list[Problem]:
    if "to" not in fields:
        return [Problem("to", "required: a number or a list of numbers")]
    to = fields["to"]
    if isinstance(to, str):
        return []
    if not isinstance(to, list):
        return [Problem("to", 'must be text ("+234...") or a list of such texts')]
    if not to:
        return [Problem("to", "must hold at least one number")]
    return [Problem(f"to[{at}]", "must be text in quotes") for at, one in enumerate(to) if not isinstance(one, str)]


def _check_msg(fields: dict[str, Any]) -> list[Problem]:
    if "msg" not in fields:
        return [Problem("msg", "required: the text")]
    text = fields["msg"]
    if not isinstance(text, str):
        return [Problem("msg", "must be text")]
    if not 1 <= len(text) <= MAX_TEXT:
        return [Problem("msg", f"must have 1 to {MAX_TEXT} characters, has {len(text)}")]
    return _check_whole("msg", text)


def _check_whole(name: str, text: str) -> list[Problem]:
    # Neither SQS nor DynamoDB takes what has no UTF-8.
    if any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        return [Problem(name, "holds half of a surrogate pair: not a text")]
    return []


def _check_type(fields: dict[str, Any]) -> list[Problem]:
    if "type" not in fields:
        return []
    type_, text = fields["type"], fields.get("msg")
    if isinstance(type_, bool) or type_ not in (pages.NORMAL, pages.FLASH, pages.UNICODE) or not isinstance(type_, int):
        return [Problem("type", "must be 0 (normal), 1 (flash) or 2 (Unicode)")]
    lost = pages.outside_gsm(text) if isinstance(text, str) and type_ != pages.UNICODE else []
    if lost:
        shown = " ".join(f"{char!r} (U+{ord(char):04X})" for char in lost[:20])
        if fields.get("sensitive"):
            shown = f"{len(lost)} of the text's characters"
        return [Problem("type", f"{type_} cannot carry {shown}: they would arrive as '?'; leave type out or set 2")]
    return []


def _check_pattern(name: str, pattern: str, advice: str) -> Check:
    compiled = re.compile(pattern)

    def check(fields: dict[str, Any]) -> list[Problem]:
        if name not in fields:
            return []
        value = fields[name]
        return [] if isinstance(value, str) and compiled.fullmatch(value) else [Problem(name, advice)]

    return check


def _check_expires_at(fields: dict[str, Any]) -> list[Problem]:
    if "expires_at" not in fields:
        return []
    value = fields["expires_at"]
    if not isinstance(value, str) or _moment(value) is None:
        return [Problem("expires_at", "must be an ISO 8601 moment with a zone, as 2026-11-22T18:30:00+01:00")]
    return []


def _check_sensitive(fields: dict[str, Any]) -> list[Problem]:
    return [] if isinstance(fields.get("sensitive", False), bool) else [Problem("sensitive", "must be true or false")]


def _check_reference(fields: dict[str, Any]) -> list[Problem]:
    value = fields.get("reference", "")
    if isinstance(value, str) and len(value) <= MAX_REFERENCE:
        return _check_whole("reference", value)
    return [Problem("reference", f"must be text of at most {MAX_REFERENCE} characters")]


_CHECKS = (
    _check_to,
    _check_msg,
    _check_pattern("from", SENDER_PATTERN, "must be 1 to 11 characters, not all blank, or 1 to 16 digits"),
    _check_type,
    _check_pattern("id", ID_PATTERN, "must be 1 to 128 of A-Z a-z 0-9 . _ : -"),
    _check_expires_at,
    _check_sensitive,
    _check_reference,
)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _sort_numbers(to: str | list[str], region: str) -> tuple[tuple[str, ...], tuple[BadNumber, ...]]:
    good: set[str] = set()
    bad: dict[str, BadNumber] = {}
    for raw in [to] if isinstance(to, str) else to:
        try:
            good.add(numbers.normalise(raw, region))
        except numbers.InvalidNumber as error:
            bad.setdefault(raw, BadNumber(_storable(raw[:64]), str(error)))
    return tuple(sorted(good)), tuple(bad.values())


def _storable(raw: str) -> str:
    return raw.encode(errors="replace").decode()


def conceal(body: str) -> str:
    """Return `body` without its text if it says `sensitive`: what is dead is kept for two weeks for people to read.

    The text may stand in a field of another name: of unknown fields only the names are kept.
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(fields, dict) or not fields.get("sensitive"):
        return body
    kept = set(FIELDS) - {"msg"}
    return json.dumps({name: value if name in kept else "(sensitive: not kept)" for name, value in fields.items()})
