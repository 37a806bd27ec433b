"""The fields of a request, each with the rule that it must keep and the advice when it does not.

`events/request.schema.json` is generated from the same constants (`kobo_cli.request_schema`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from kobo_sms.errors import Problem
from kobo_sms.messages import pages

MAX_TEXT = 905
MAX_REFERENCE = 256
ID_PATTERN = r"^[A-Za-z0-9._:\-]{1,128}$"
# A campaign's requests have the ids CAMPAIGN:1, CAMPAIGN:2 ...: no colon of its own, and room for that.
CAMPAIGN_PATTERN = r"^[A-Za-z0-9._\-]{1,100}$"
# docs/kobomobile-api.md, "Parameters of send/": at most 16 characters if numeric, at most 11 otherwise.
SENDER_PATTERN = r"^([0-9]{1,16}|(?=.*[!-~])[ -~]{1,11})$"
FIELDS = ("to", "msg", "from", "type", "id", "expires_at", "sensitive", "reference", "promotional", "campaign")

Check = Callable[[dict[str, Any]], list[Problem]]


def find_problems(fields: dict[str, Any]) -> list[Problem]:
    """Return what is wrong with the fields of a request, all of it: unknown ones first."""
    unknown = [Problem(name, f"unknown field; known are {', '.join(FIELDS)}") for name in fields if name not in FIELDS]
    return unknown + [problem for check in _CHECKS for problem in check(fields)]


def read_moment(text: str) -> datetime | None:
    """Return an ISO 8601 moment, None when `text` is none or lacks its zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


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
    if not isinstance(value, str) or read_moment(value) is None:
        return [Problem("expires_at", "must be an ISO 8601 moment with a zone, as 2026-11-22T18:30:00+01:00")]
    return []


def _check_flag(name: str) -> Check:
    def check(fields: dict[str, Any]) -> list[Problem]:
        return [] if isinstance(fields.get(name, False), bool) else [Problem(name, "must be true or false")]

    return check


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
    _check_flag("sensitive"),
    _check_reference,
    _check_flag("promotional"),
    _check_pattern("campaign", CAMPAIGN_PATTERN, "must be 1 to 100 of A-Z a-z 0-9 . _ -"),
)
