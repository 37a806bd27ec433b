"""The rules of the three endpoints: who may call, what it costs, what goes out, what the answer is."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_kobo.errors import RefusedError
from mock_kobo.rules.dialect import Dialect, word_balance, word_pairs, word_report
from mock_kobo.rules.pages import Text, lay_out
from mock_kobo.rules.parameters import SendRequest, read_send, require
from mock_kobo.rules.scenarios import MAGIC_ANSWERS
from mock_kobo.state.account import Account
from mock_kobo.state.clock import Clock
from mock_kobo.state.messages import Messages, Sending
from mock_kobo.state.settings import Delivery, Settings

if TYPE_CHECKING:
    from decimal import Decimal

    from mock_kobo.state.store import Store

DAY = 86_400.0
# docs/kobomobile-api.md, "Parameters of send/".
UUID_DAYS = 30

# The number of the pair that the dialect adds.
NOBODY = "2348030199999"

EXECUTED, REPEATED, REFUSED, ANSWERED = "executed", "repeated", "refused", "answered"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before the dialect quotes it; `outcome` and `reason` are for the people who read the calls."""

    text: str
    outcome: str
    reason: str = ""


class Gateway:
    """One account of KoboMobile and what it sent."""

    def __init__(self, store: Store, delivery: Delivery, seed: int) -> None:
        self.store = store
        self.messages = Messages(store)
        self.settings = Settings(store, delivery)
        self._seed = seed
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose

    @property
    def account(self) -> Account:
        """The account as it stands."""
        return self.settings.account

    @property
    def dialect(self) -> Dialect:
        """How answers are worded."""
        return self.settings.dialect

    @property
    def clock(self) -> Clock:
        """The mock's clock."""
        return self.settings.clock

    def reset(self) -> None:
        """Forget everything, settings included."""
        self.messages.clear()
        self.settings.reset()
        self._random.seed(self._seed)

    def answer(self, endpoint: str, parameters: dict[str, str]) -> Reply:
        """Return the right answer of send, credit or report to these parameters."""
        try:
            self._log_in(parameters)
            if endpoint == "send":
                return self._send(parameters)
            if endpoint == "credit":
                return Reply(word_balance(self.account.balance, self.dialect), ANSWERED)
            return self._report(parameters)
        except RefusedError as refused:
            return Reply(refused.token, REFUSED, refused.reason)

    def _log_in(self, parameters: dict[str, str]) -> None:
        require(parameters, "user", "pass")
        account = self.account
        if (parameters["user"], parameters["pass"]) != (account.user, account.password):
            raise RefusedError("error_user", "no account has this user and password")
        if account.suspended:
            raise RefusedError("error_user", "the account is suspended")

    def _send(self, parameters: dict[str, str]) -> Reply:
        request = read_send(parameters, self.dialect)
        # A repeat that comes while the first is under way waits here, and then finds its answer.
        with self.store.together():
            return self._repeat(request) or self._execute(request)

    def _repeat(self, request: SendRequest) -> Reply | None:
        if request.uuid is None:
            return None
        body = self.messages.answer_to(request.uuid, since=self.clock.now() - UUID_DAYS * DAY)
        if body is None:
            return None
        text = body if self.dialect.repeat == "same" else self.dialect.repeat
        return Reply(text, REPEATED, "this message_uuid was executed before")

    def _execute(self, request: SendRequest) -> Reply:
        self._check_numbers(request)
        text = lay_out(request.msg, request.sms_type, full_pages=self.dialect.full_pages)
        balance = self._charge(len(request.numbers), text)
        now = self.clock.now()
        pairs = self.messages.add(self._sending(request, text, now), request.numbers, self.settings, self._random)
        body = self._word_sent(request, pairs)
        if request.uuid is not None:
            self.messages.keep_answer(request.uuid, now, body)
        self.settings.put_balance(balance)
        return Reply(body, EXECUTED)

    def _check_numbers(self, request: SendRequest) -> None:
        if request.bad_numbers and (self.dialect.bad_number != "mixed" or not request.numbers):
            token = "error_limit" if self.dialect.bad_number == "mixed" else self.dialect.bad_number
            raise RefusedError(token, f"{request.bad_numbers[0]!r} is no number in international format")
        for number in request.numbers:
            if number in MAGIC_ANSWERS:
                raise RefusedError(MAGIC_ANSWERS[number], f"{number} is a magic recipient")

    def _charge(self, recipients: int, text: Text) -> Decimal:
        account = self.account
        cost = account.page_price * text.pages * recipients
        if cost > account.balance:
            raise RefusedError("error_credit", f"it costs {cost:f} and the balance is {account.balance:f}")
        return account.balance - cost

    def _sending(self, request: SendRequest, text: Text, now: float) -> Sending:
        return Sending(now, request.sender, text, request.sms_type, request.uuid, self.account.page_price * text.pages)

    def _word_sent(self, request: SendRequest, pairs: dict[str, str]) -> str:
        if not (request.want_ids and self.dialect.give_ids):
            return "sent"
        shown = pairs | dict.fromkeys(request.bad_numbers, "error_number")
        # A number that was asked for is none besides, and has an id of its own.
        if self.dialect.pair_set == "one_extra" and NOBODY not in shown:
            shown[NOBODY] = self.messages.new_msgid(self.dialect.id_format, 0)
        return word_pairs(shown, self.dialect)

    def _report(self, parameters: dict[str, str]) -> Reply:
        require(parameters, "msgid")
        now = self.clock.now()
        status = self.messages.status(parameters["msgid"], now, since=now - self.dialect.report_days * DAY)
        if status is None:
            raise RefusedError("error_msgid", "no such message id, or too old")
        return Reply(word_report(status, self.dialect), ANSWERED)
