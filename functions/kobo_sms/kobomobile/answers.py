"""What KoboMobile answers, read from the bytes (docs/kobomobile-api.md, "Answers").

Bodies come bare, as a JSON string or surrounded by white space; errors come with HTTP 200. What is no answer of the
API at all (a redirect, a proxy's page, nothing, noise) is `Lost`: the call may or may not have been executed.

Pure.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from kobo_sms.errors import UnreadableBalance
from kobo_sms.kobomobile.tokens import Kind, kind_of

# Bounded, and free of control characters: whoever answers, it is kept, logged and shown in terminals.
_ERROR = re.compile(r"error_[a-z_]{1,40}")
_PAIR = re.compile(r"\s*\+?([0-9]{3,20})\s*,\s*((?![,~<>\"])[!-~](?:(?![,~<>\"])[!-~]){0,63})\s*")
_BALANCE = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
# More is no amount of money that anybody has; DynamoDB keeps 38 digits.
_MOST_DIGITS = 30
_REPORT = re.compile(r"([A-Z][A-Z_]{2,30})(?:\s+err:([0-9a-zA-Z]{1,8}))?", re.IGNORECASE)


@dataclass(frozen=True)
class Accepted:
    """KoboMobile took the call. `ids` maps numbers to message ids, empty for a bare `sent`; `refused` maps numbers
    to an error token that stood in an id's place."""

    ids: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The answer's name in logs and in the status."""
        return "ids" if self.ids or self.refused else "sent"


@dataclass(frozen=True)
class Refused:
    """An `error_*` token for the whole call."""

    token: str

    @property
    def kind(self) -> Kind:
        """What the refusal is about."""
        return kind_of(self.token)

    @property
    def label(self) -> str:
        """The token."""
        return self.token


@dataclass(frozen=True)
class Lost:
    """No readable answer: whether the call was executed is unknown. `why` holds nothing of the call's content."""

    why: str

    @property
    def label(self) -> str:
        """`lost`, with the cause."""
        return f"lost: {self.why}"


@dataclass(frozen=True)
class Unreachable:
    """No connection came about, so nothing was executed."""

    why: str

    @property
    def label(self) -> str:
        """`unreachable`, with the cause."""
        return f"unreachable: {self.why}"


SendAnswer = Accepted | Refused | Lost | Unreachable


@dataclass(frozen=True)
class Report:
    """A delivery status as report/ gave it: `word` in capitals, empty for an empty body; `code` after `err:`."""

    word: str
    code: str | None = None

    @property
    def raw(self) -> str:
        """The status as it is kept: `UNDELIV err:0dc`."""
        return f"{self.word} err:{self.code}" if self.code else self.word


ReportAnswer = Report | Refused | Lost | Unreachable


def read_send(status: int, body: bytes) -> SendAnswer:
    """Read an answer of send/: a token, or `number,id` pairs separated by `~`."""
    text = _text(status, body)
    if text is None or text == "":
        return Lost(f"HTTP {status}, {'empty' if text == '' else 'unusable'} body")
    if text == "sent":
        return Accepted()
    if _ERROR.fullmatch(text):
        return Refused(text)
    return _read_pairs(text) or Lost(f"HTTP {status}, unreadable body of {len(body)} bytes")


def read_report(status: int, body: bytes) -> ReportAnswer:
    """Read an answer of report/: one word, at times followed by ` err:xxx`; an empty body is a report not yet there.

    Only HTTP 200 brings a report, or says that there is none yet.
    """
    text = _text(status, body)
    if text is None or (status != 200 and not _ERROR.fullmatch(text)):
        return Lost(f"HTTP {status}, no report")
    if _ERROR.fullmatch(text):
        return Refused(text)
    if text == "":
        return Report("")
    match = _REPORT.fullmatch(text)
    if match is None:
        return Lost(f"HTTP {status}, unreadable body of {len(body)} bytes")
    return Report(match[1].upper(), match[2].lower() if match[2] else None)


def read_credit(status: int, body: bytes) -> Decimal | Refused | Lost:
    """Read an answer of credit/: a number, with decimals or thousands commas or not, or JSON with a `balance`.

    Raises
    ------
    UnreadableBalance
        when KoboMobile answered (HTTP 200) something in which there is no balance.
    """
    text = _text(status, body)
    if text is not None and _ERROR.fullmatch(text):
        return Refused(text)
    if status != 200 or not text or text.startswith("<"):
        return Lost(f"HTTP {status}, no balance")
    balance = _balance(text)
    if balance is None:
        raise UnreadableBalance(f"an answer of {len(body)} bytes that holds no balance")
    return balance


def _text(status: int, body: bytes) -> str | None:
    """Return what the body says, None when it is not for us to read: a redirect's is not KoboMobile's word."""
    if 300 <= status < 400:
        return None
    try:
        text = body.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        return None
    if text.startswith('"') and text.endswith('"'):
        inner = _json(text)
        return inner.strip() if isinstance(inner, str) else text
    return text


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None


def _read_pairs(text: str) -> Accepted | None:
    matches = [_PAIR.fullmatch(pair) for pair in text.removesuffix("~").split("~")]
    pairs = {match[1]: match[2] for match in matches if match is not None}
    if None in matches:
        return None
    refused = {number: id_ for number, id_ in pairs.items() if _ERROR.fullmatch(id_)}
    return Accepted({number: id_ for number, id_ in pairs.items() if number not in refused}, refused)


def _balance(text: str) -> Decimal | None:
    value = _json(text) if text.startswith("{") else text
    if isinstance(value, dict):
        value = {str(key).lower(): each for key, each in value.items()}.get("balance")
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return _amount(Decimal(value))
    if not isinstance(value, str) or not _BALANCE.fullmatch(value.strip()):
        return None
    return _amount(Decimal(value.strip().replace(",", "")))


def _amount(value: Decimal) -> Decimal | None:
    """Return `value` if it can be kept and shown. Its exponent counts: 1E+999999 is a million digits."""
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or len(digits) > _MOST_DIGITS or abs(exponent) > _MOST_DIGITS:
        return None
    return value
