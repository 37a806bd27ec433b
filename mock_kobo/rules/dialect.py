"""The plausible shapes of KoboMobile's answers, each a switch (docs/kobomobile-api.md, what is marked [S] or [?])."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mock_kobo.errors import BadFieldError
from mock_kobo.rules.scenarios import FINAL_WORDS, PENDING_WORDS, SUFFIX_CODES

if TYPE_CHECKING:
    from decimal import Decimal

ERROR_TOKEN = re.compile(r"error_[a-z_]{1,60}")

# The values a field may have, where they are few.
CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "quoting": ("plain", "json"),
        "pair_order": ("number", "asked", "reversed"),
        "pair_set": ("all", "one_missing", "one_extra"),
        "id_format": ("uuid", "hex8", "digits"),
        "balance_format": ("plain", "commas", "integer", "json", "json_text"),
        "bad_number": ("error_limit", "error_number", "error_param", "mixed"),
        "bad_sender": ("error_param", "error_invalid_senderid", "error_restricted_senderid"),
    }
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the mock words its answers. The defaults are what was observed most; README.md tells each field's values."""

    quoting: str = "plain"
    whitespace: bool = False
    give_ids: bool = True
    id_format: str = "uuid"
    pair_order: str = "number"
    pair_space: bool = False
    pair_set: str = "all"
    trailing_tilde: bool = False
    balance_format: str = "plain"
    err_suffix: bool = False
    report_words: Mapping[str, str] = field(default_factory=dict)
    report_days: int = 30
    repeat: str = "same"
    bad_number: str = "error_limit"
    bad_sender: str = "error_param"
    true_words: bool = True
    uuid_min: int = 1
    full_pages: bool = False

    def changed(self, fields: dict[str, Any]) -> Dialect:
        """Return this dialect with `fields` set; raises BadFieldError for an unknown field or value."""
        for name, value in fields.items():
            _check(name, value)
        return replace(self, **fields)

    def as_json(self) -> dict[str, Any]:
        """Return every field, for the control API."""
        return asdict(self)


def _check(name: str, value: object) -> None:
    default = getattr(_DEFAULT, name, None)
    if name not in Dialect.__dataclass_fields__:
        raise BadFieldError(name, "no field of the dialect; it has " + ", ".join(Dialect.__dataclass_fields__))
    if name in CHOICES:
        if value not in CHOICES[name]:
            raise BadFieldError(name, "must be one of " + ", ".join(CHOICES[name]))
    elif isinstance(default, bool):
        if not isinstance(value, bool):
            raise BadFieldError(name, "must be true or false")
    else:
        _CHECKS[name](name, value)


def _check_repeat(name: str, value: object) -> None:
    if value not in {"same", "sent"} and not (isinstance(value, str) and ERROR_TOKEN.fullmatch(value)):
        raise BadFieldError(name, "must be same, sent or an error_ token")


def _check_words(name: str, value: object) -> None:
    known = (*FINAL_WORDS, *PENDING_WORDS)
    if not isinstance(value, dict) or not all(isinstance(word, str) for word in value.values()):
        raise BadFieldError(name, 'must be an object such as {"PROCESSED": "ENROUTE"}')
    for word in value:
        if word not in known:
            raise BadFieldError(name, f"{word} is no report word; they are " + ", ".join(known))


def _check_uuid_min(name: str, value: object) -> None:
    if type(value) is not int or not 1 <= value <= 64:
        raise BadFieldError(name, "must be a whole number from 1 to 64")


def _check_days(name: str, value: object) -> None:
    if type(value) is not int or not 1 <= value <= 3650:
        raise BadFieldError(name, "must be a whole number of days from 1 to 3650")


_CHECKS = {
    "repeat": _check_repeat,
    "report_words": _check_words,
    "uuid_min": _check_uuid_min,
    "report_days": _check_days,
}
_DEFAULT = Dialect()


def word_answer(text: str, dialect: Dialect) -> str:
    """Return an answer as it stands in the body: bare or a JSON string, perhaps with white space around it."""
    if dialect.quoting == "json":
        text = json.dumps(text)
    return f" {text}\r\n" if dialect.whitespace else text


def word_pairs(pairs: Mapping[str, str], dialect: Dialect) -> str:
    """Return `number,message_id` pairs joined by `~`; `pairs` is in the order asked."""
    shown = list(pairs.items())
    if dialect.pair_order == "number":
        shown.sort()
    elif dialect.pair_order == "reversed":
        shown.reverse()
    if dialect.pair_set == "one_missing":
        del shown[0]
    comma = ", " if dialect.pair_space else ","
    return "~".join(comma.join(pair) for pair in shown) + ("~" if dialect.trailing_tilde else "")


def word_balance(balance: Decimal, dialect: Dialect) -> str:
    """Return the balance as credit/ words it; JSON shapes are whole bodies, so `quoting` leaves them alone."""
    decimals = max(2, -int(balance.normalize().as_tuple().exponent))
    plain = f"{balance:.{decimals}f}"
    return {
        "plain": plain,
        "commas": f"{balance:,.{decimals}f}",
        "integer": str(int(balance)),
        "json": f'{{"balance": {plain}}}',
        "json_text": f'{{"balance": "{plain}"}}',
    }[dialect.balance_format]


def word_report(status: str, dialect: Dialect) -> str:
    """Return a delivery status as report/ words it; `status` is a word of ours, perhaps with ` err:xxx`."""
    word, _, suffix = status.partition(" ")
    if not suffix and dialect.err_suffix and word in SUFFIX_CODES:
        suffix = f"err:{SUFFIX_CODES[word]}"
    return f"{dialect.report_words.get(word, word)} {suffix}".strip()
