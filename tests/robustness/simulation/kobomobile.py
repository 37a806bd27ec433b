"""KoboMobile as urllib3 would show it: the mock's own gateway, faults and dialect, driven in this thread."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qsl

from botocore.exceptions import BotoCoreError
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from kobo_sms.connections import Unconnected
from kobo_sms.errors import UnreadableBalance
from kobo_sms.kobomobile.answers import Lost, Refused, SendAnswer, Unreachable, read_credit, read_send
from mock_kobo.api import broken
from mock_kobo.gateway import ANSWERED, Reply
from mock_kobo.mock import Mock
from mock_kobo.rules.dialect import Dialect, word_answer
from mock_kobo.rules.faults import AFTER, Fault
from mock_kobo.state.clock import Clock
from mock_kobo.state.settings import Delivery
from tests.robustness.simulation.chaos import Chaos
from tests.robustness.simulation.flaws import Flaw
from tests.robustness.simulation.ledger import Ledger

_PROXY_PAGES = {f"html_{status}": (status, broken.page(status).get_data()) for status in (502, 503)}
_SILENT = ("timeout", "slow")


class Response:
    """What urllib3 returns with preload_content=False."""

    def __init__(self, status: int, content: bytes) -> None:
        self.status = status
        self.closed = False
        self._content = content

    def read1(self, size: int) -> bytes:
        chunk, self._content = self._content[:size], self._content[size:]
        return chunk

    def release_conn(self) -> None:
        self.closed = True

    def close(self) -> None:
        self.closed = True


class KoboMobile:
    """One account behind one URL. `request` stands in for urllib3's PoolManager.request."""

    def __init__(self, chaos: Chaos, clock: Any, ledger: Ledger, dialect: dict[str, Any], delivery: Delivery) -> None:
        self.mock = Mock(None, delivery.seconds, seed=chaos.rng.randrange(2**32))
        self._chaos, self._clock, self._ledger = chaos, clock, ledger
        self._settings = self.mock.gateway.settings
        self._settings.clock = Clock(frozen_at=clock())
        self._settings.put_dialect(Dialect().changed(dialect))
        self._settings.put_delivery(delivery)
        self.put_in = self.mock.gateway.account.balance
        self.flaws: list[Flaw] = []

    def set_account(self, **fields: Any) -> None:
        self._settings.put_account(self.mock.gateway.account.changed(fields))

    def set_balance(self, balance: int) -> None:
        self.set_account(balance=balance)
        self.put_in = Decimal(balance)

    def top_up(self, credit: int) -> None:
        account = self.mock.gateway.account
        self._settings.put_account(replace(account, balance=account.balance + credit))
        self.put_in += credit

    def charged(self) -> Decimal:
        return self.put_in - self.mock.gateway.account.balance

    def executed(self) -> list[dict[str, Any]]:
        """Return every SMS that went out."""
        return self.mock.gateway.messages.listed("ORDER BY messages.id", (), 1_000_000, self._clock())

    def urlopen(self, method: str, url: str, *, body: str, **_: Any) -> Response:
        """Make one call; its answer may get lost in every way there is."""
        endpoint = url.rstrip("/").rsplit("/", 1)[-1]
        fields = dict(parse_qsl(body, keep_blank_values=True))
        self._chaos.edge()
        if self._chaos.happens(self._chaos.odds.refuse):
            self._tell(endpoint, fields, Unreachable("refused"))
            raise Unconnected(cast("Any", "KoboMobile"), ConnectionRefusedError())
        self._settings.clock.frozen_at = self._clock()
        status, content = self._serve(endpoint, fields)
        self._chaos.edge()
        if endpoint == "credit" and _is_fault(status, content):
            self._ledger.credit_failed()
        elif endpoint == "send":
            self._tell(endpoint, fields, read_send(status, content))
        return Response(status, content)

    def _tell(self, endpoint: str, fields: dict[str, str], answer: SendAnswer) -> None:
        if endpoint == "send":
            self._ledger.answered(fields, answer)
        elif endpoint == "credit":
            self._ledger.credit_failed()

    def _serve(self, endpoint: str, fields: dict[str, str]) -> tuple[int, bytes]:
        if endpoint == "send":
            self._ledger.reached(self._ledger.timeline.frame)
        fault = self._flawed(endpoint, fields) or self.mock.faults.take(endpoint, fields)
        if fault is not None and fault.when != AFTER and fault.kind != "slow":
            return self._break(fault, endpoint, fields)
        reply = self.mock.gateway.answer(endpoint, fields)
        if fault is not None:
            return self._break(fault, endpoint, fields)
        return 200, self._word(endpoint, reply)

    def _flawed(self, endpoint: str, fields: dict[str, str]) -> Fault | None:
        if endpoint != "send":
            return None
        struck = (flaw.strike(self._clock(), self._ledger.timeline.frame, fields) for flaw in self.flaws)
        return next((fault for fault in struck if fault is not None), None)

    def _word(self, endpoint: str, reply: Reply) -> bytes:
        dialect = self.mock.gateway.dialect
        if endpoint == "credit" and reply.outcome == ANSWERED and dialect.balance_format.startswith("json"):
            return reply.text.encode()
        return word_answer(reply.text, dialect).encode()

    def _break(self, fault: Fault, endpoint: str, fields: dict[str, str]) -> tuple[int, bytes]:
        if fault.answer is not None:
            return 200, self._word(endpoint, Reply(fault.answer, "fault"))
        if fault.kind in _PROXY_PAGES:
            return _PROXY_PAGES[fault.kind]
        if fault.kind in ("empty", "garbage"):
            return 200, b"" if fault.kind == "empty" else broken.GARBAGE
        self._tell(endpoint, fields, Lost("nothing"))
        if fault.kind in _SILENT:
            self._chaos.wait(10.0)
            raise ReadTimeoutError(cast("Any", None), endpoint, "timed out")
        raise ProtocolError("connection reset")


def _is_fault(status: int, content: bytes) -> bool:
    """Tell whether an answer of credit/ shows that KoboMobile does not work, or not for us."""
    try:
        answer = read_credit(status, content)
    except UnreadableBalance:
        return False
    return isinstance(answer, Lost) or (isinstance(answer, Refused) and answer.token in ("error_user", "error_gw"))


def secrets_manager(chaos: Chaos, ledger: Ledger, secret: dict[str, str]) -> Any:
    """Return a Secrets Manager client that knows one secret, as it stands at the moment of the call."""

    def get_secret_value(**_: Any) -> dict[str, str]:
        try:
            return chaos.around("secretsmanager.get_secret_value", lambda: {"SecretString": json.dumps(secret)})
        except BotoCoreError:
            # Who cannot log in cannot ask for the balance either.
            ledger.credit_failed()
            raise

    return SimpleNamespace(get_secret_value=get_secret_value)
