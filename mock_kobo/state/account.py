"""The account: who may call, the balance and what a page costs. Money is Decimal, in units of credit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from mock_kobo.errors import BadFieldError

MASK = "***"
MAX_MONEY = Decimal(10) ** 12
MAX_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Account:
    """One account. The defaults are the mock's well-known ones, no secret."""

    user: str = "demo"
    password: str = "demo-pass"  # noqa: S105 - the documented default of a mock
    balance: Decimal = Decimal(100_000)
    page_price: Decimal = Decimal(4)
    suspended: bool = False

    def changed(self, fields: dict[str, Any]) -> Account:
        """Return this account with `fields` of the control API set; raises BadFieldError for an unusable one."""
        for name in fields:
            if name not in _FIELDS:
                raise BadFieldError(name, "no field of the account; it has " + ", ".join(_FIELDS))
        changes = {attribute: read(name, fields[name]) for name, (attribute, read) in _FIELDS.items() if name in fields}
        # So that what GET shows can be PUT back.
        if changes.get("password") == MASK:
            del changes["password"]
        return replace(self, **changes)

    def as_json(self) -> dict[str, Any]:
        """Return the account for the control API, its password masked."""
        return {
            "user": self.user,
            "pass": MASK,
            "balance": json_money(self.balance),
            "page_price": json_money(self.page_price),
            "suspended": self.suspended,
        }


def json_money(money: Decimal) -> int | float:
    """Return money as the JSON number that reads as the same decimal."""
    return int(money) if money == money.to_integral_value() else float(money)


def _money(name: str, value: object) -> Decimal:
    money = Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else Decimal("NaN")
    if not money.is_finite() or not 0 <= money <= MAX_MONEY or money != round(money, MAX_DECIMALS):
        raise BadFieldError(name, f"must be a number from 0 to {MAX_MONEY:f} with at most {MAX_DECIMALS} decimals")
    return money


def _word(name: str, value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 100:
        raise BadFieldError(name, "must be a text of 1 to 100 characters")
    return value


def _yes_no(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise BadFieldError(name, "must be true or false")
    return value


_FIELDS: dict[str, tuple[str, Callable[[str, object], Any]]] = {
    "user": ("user", _word),
    "pass": ("password", _word),
    "balance": ("balance", _money),
    "page_price": ("page_price", _money),
    "suspended": ("suspended", _yes_no),
}
