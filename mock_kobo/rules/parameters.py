"""Reading the parameters of a call, strict on every documented rule.

They are in docs/kobomobile-api.md, "Endpoints" and "Parameters of send/".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from mock_kobo.errors import RefusedError

if TYPE_CHECKING:
    from mock_kobo.rules.dialect import Dialect

MAX_NUMBERS = 500
MAX_TEXT = 905
MAX_UUID = 64
MAX_SENDER = 11
MAX_NUMERIC_SENDER = 16
MAX_FIELDS = 100

DOCUMENTED = frozenset({"user", "pass", "from", "to", "msg", "msgid", "type", "enable_msg_id", "message_uuid"})

# E.164: at most 15 digits, no leading zero; a number of Nigeria is 234 and ten digits.
_NUMBER = re.compile(r"(?:234\d{10}|(?!234)[1-9]\d{6,14})", re.ASCII)
_PRINTABLE = re.compile(r"[ -~]*[!-~][ -~]*")
_YES_NO = {"0": False, "1": True}
_YES_NO_WORDS = {"true": True, "TRUE": True, "false": False, "FALSE": False}


@dataclass(frozen=True, slots=True)
class SendRequest:
    """One call of send/ that keeps the rules; `numbers` without duplicates, in the order asked."""

    sender: str
    numbers: tuple[str, ...]
    bad_numbers: tuple[str, ...]
    msg: str
    sms_type: int
    want_ids: bool
    uuid: str | None


def read_parameters(query: bytes, body: bytes) -> dict[str, str]:
    """Return the URL-encoded parameters of the query string and the form body together.

    Raises RefusedError for bytes that are no UTF-8, and for a parameter given twice with different values: which of
    them KoboMobile would take is unknown.
    """
    parameters: dict[str, str] = {}
    for raw in filter(None, (query, body)):
        for name, value in _decode(raw):
            if parameters.setdefault(name, value) != value:
                raise RefusedError("error_param", f"{name} is given twice, with different values")
    return parameters


def _decode(raw: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as error:  # UnicodeDecodeError is one
        raise RefusedError("error_param", "the parameters are not URL-encoded UTF-8") from error


def require(parameters: dict[str, str], *names: str) -> None:
    """Raise RefusedError unless each of `names` is there and not blank."""
    for name in names:
        if not parameters.get(name, "").strip():
            raise RefusedError("error_param", f"{name} is missing or blank")


def read_send(parameters: dict[str, str], dialect: Dialect) -> SendRequest:
    """Return what a call of send/ asks for; raises RefusedError with the token of the rule it breaks."""
    require(parameters, "from", "to", "msg")
    numbers, bad_numbers = _read_numbers(parameters["to"])
    return SendRequest(
        sender=_read_sender(parameters["from"], dialect),
        numbers=numbers,
        bad_numbers=bad_numbers,
        msg=_read_msg(parameters["msg"]),
        sms_type=_read_type(parameters.get("type", "0")),
        want_ids=_read_yes_no(parameters.get("enable_msg_id", "0"), dialect),
        uuid=_read_uuid(parameters.get("message_uuid"), dialect),
    )


def _read_sender(sender: str, dialect: Dialect) -> str:
    if not _PRINTABLE.fullmatch(sender):
        raise RefusedError(dialect.bad_sender, "from holds characters other than letters, digits and punctuation")
    longest = MAX_NUMERIC_SENDER if sender.isdigit() else MAX_SENDER
    if len(sender) > longest:
        raise RefusedError(dialect.bad_sender, f"from has {len(sender)} characters, at most {longest} are allowed")
    return sender


def _read_numbers(to: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    asked = to.split(",")
    if len(asked) > MAX_NUMBERS:
        raise RefusedError("error_limit", f"{len(asked)} numbers, at most {MAX_NUMBERS} are allowed")
    unique = dict.fromkeys(asked)
    good = tuple(number for number in unique if _NUMBER.fullmatch(number))
    return good, tuple(number for number in unique if not _NUMBER.fullmatch(number))


def _read_msg(msg: str) -> str:
    if len(msg) > MAX_TEXT:
        raise RefusedError("error_param", f"msg has {len(msg)} characters, at most {MAX_TEXT} are allowed")
    return msg


def _read_type(value: str) -> int:
    if value not in {"0", "1", "2"}:
        raise RefusedError("error_param", "type is none of 0, 1, 2")
    return int(value)


def _read_yes_no(value: str, dialect: Dialect) -> bool:
    words = _YES_NO | _YES_NO_WORDS if dialect.true_words else _YES_NO
    if value not in words:
        raise RefusedError("error_param", "enable_msg_id is neither 0 nor 1")
    return words[value]


def _read_uuid(value: str | None, dialect: Dialect) -> str | None:
    if value is not None and not dialect.uuid_min <= len(value) <= MAX_UUID:
        raise RefusedError(
            "error_param", f"message_uuid has {len(value)} characters, {dialect.uuid_min} to {MAX_UUID} are allowed"
        )
    return value
