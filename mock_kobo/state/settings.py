"""What the control API sets: account, dialect, clock and delivery; kept in the store."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mock_kobo.rules.dialect import Dialect
from mock_kobo.rules.scenarios import DELIVERED
from mock_kobo.state.account import Account
from mock_kobo.state.clock import Clock

if TYPE_CHECKING:
    import random

    from mock_kobo.state.store import Store


@dataclass(frozen=True, slots=True)
class Delivery:
    """When and how SMS arrive: after `seconds` (shortest, longest), evenly spread; `outcomes`: weights by report."""

    seconds: tuple[float, float] = (1.0, 2.0)
    outcomes: dict[str, float] = field(default_factory=lambda: {DELIVERED: 1.0})

    def draw(self, numbers: random.Random) -> tuple[float, str]:
        """Return the seconds an SMS takes and its final report."""
        seconds = numbers.uniform(*self.seconds)
        if len(self.outcomes) == 1:
            return seconds, next(iter(self.outcomes))
        return seconds, numbers.choices(list(self.outcomes), list(self.outcomes.values()))[0]


class Settings:
    """The settings in force. Each `put_` replaces one and keeps it; the balance goes to the ledger."""

    def __init__(self, store: Store, delivery: Delivery) -> None:
        self._store = store
        self._default_delivery = delivery
        self.account, self.dialect, self.clock, self.delivery = Account(), Dialect(), Clock(), delivery
        self._load()

    def reset(self) -> None:
        """Go back to the defaults."""
        self._store.clear("settings", "ledger")
        self.account, self.dialect, self.clock = Account(), Dialect(), Clock()
        self.delivery = self._default_delivery
        self._note_balance()

    def put_account(self, account: Account) -> None:
        """Replace the account."""
        self.put_balance(account.balance)
        self.account = account
        self._store.keep_setting("account", _account_json(account))

    def put_balance(self, balance: Decimal) -> None:
        """Replace the balance, and note it in the ledger if it moved."""
        if balance != self.account.balance:
            self.account = replace(self.account, balance=balance)
            self._note_balance()

    def put_dialect(self, dialect: Dialect) -> None:
        """Replace the dialect."""
        self.dialect = dialect
        self._store.keep_setting("dialect", dialect.as_json())

    def put_delivery(self, delivery: Delivery) -> None:
        """Replace how SMS sent from now on are delivered."""
        self.delivery = delivery
        self._store.keep_setting("delivery", asdict(delivery))

    def keep_clock(self) -> None:
        """Keep the clock after it was advanced or frozen."""
        self._store.keep_setting("clock", asdict(self.clock))

    def _note_balance(self) -> None:
        values = (self.clock.now(), str(self.account.balance))
        with self._store.together():
            self._store.later("INSERT INTO ledger (at, balance) VALUES (?, ?)", [values])

    def _load(self) -> None:
        if kept := self._store.setting("account"):
            self.account = Account(**kept | {"page_price": Decimal(kept["page_price"])})
        if kept := self._store.setting("dialect"):
            self.dialect = Dialect(**kept)
        if kept := self._store.setting("clock"):
            self.clock = Clock(**kept)
        if kept := self._store.setting("delivery"):
            self.delivery = Delivery(tuple(kept["seconds"]), kept["outcomes"])
        if balance := self._store.row("SELECT balance FROM ledger ORDER BY id DESC LIMIT 1"):
            self.account = replace(self.account, balance=Decimal(balance[0]))
        else:
            self._note_balance()


def _account_json(account: Account) -> dict[str, Any]:
    # The balance is in the ledger, which every charge writes.
    kept = asdict(account) | {"page_price": str(account.page_price)}
    del kept["balance"]
    return kept
