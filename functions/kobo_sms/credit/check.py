"""One check of the credit: ask credit/, set the valve, keep account and tell people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from botocore.exceptions import BotoCoreError, ClientError

from kobo_sms.credit.alerting import Alerting, AlertingResult
from kobo_sms.credit.forecast import Forecast
from kobo_sms.errors import ConfigurationError, UnreadableBalance
from kobo_sms.kobomobile.answers import Lost, Refused, Unreachable
from kobo_sms.kobomobile.client import KoboClient
from kobo_sms.kobomobile.tokens import symptom_of_kind
from kobo_sms.messages.lanes import Lane
from kobo_sms.runtime import Deadline
from kobo_sms.valve.control import ValveControl
from kobo_sms.valve.rules import Finding
from kobo_sms.valve.signals import CREDENTIALS, FAULTS, GATEWAY
from kobo_sms.valve.state import QUIET_HOURS, Valve
from kobo_sms.valve.store import ValveStore

# With half of its answers lost at random, all three are lost in one check of eight.
_ASKED = 3
# A question takes HttpTimeoutSeconds at the most, the probe of a closed lane 40 seconds.
_FOR_THE_REST = 65.0


@dataclass(frozen=True)
class Checked:
    """What a check found and did: credit/'s answer by name, the balance if there was one, the lanes closed and why,
    the forecast, the kinds of the alerts published, and which of the closed lanes rest in quiet hours."""

    answer: str
    balance: Decimal | None
    closed: dict[Lane, str]
    forecast: Forecast
    alerts: Sequence[str]
    resting: Sequence[Lane] = ()


class Checker:
    """Makes checks."""

    def __init__(
        self,
        client: KoboClient,
        valve_store: ValveStore,
        control: ValveControl,
        alerting: Alerting,
    ) -> None:
        self._client = client
        self._valve_store = valve_store
        self._control = control
        self._alerting = alerting

    def check(self, deadline: Deadline) -> Checked:
        """Make one check, which ends before `deadline`.

        What fails of setting the valve is raised only once people have been told.

        Raises
        ------
        UnreadableBalance
            when KoboMobile answers something in which there is no balance: it must not pass for one, nor for zero.
        ConfigurationError
            when the secret is not of the agreed form; errors of Secrets Manager pass through.
        """
        try:
            answer = self._ask(deadline)
        except UnreadableBalance:
            self._act(Finding(None), "unreadable", deadline)
            raise
        except (ConfigurationError, BotoCoreError, ClientError):
            # Nobody can log in with a secret that cannot be read: send_sms no more than we.
            self._act(Finding(CREDENTIALS), "the secret cannot be read", deadline)
            raise
        finding = _finding(answer)
        label = "balance" if isinstance(answer, Decimal) else answer.label
        valve, told = self._act(finding, label, deadline)
        if finding == Finding(None):
            raise UnreadableBalance(f"credit/ answered {label}")
        closed = {lane: each.cause for lane, each in valve.closed.items()}
        resting = [lane for lane, cause in closed.items() if cause == QUIET_HOURS]
        return Checked(label, finding.balance, closed, told.forecast, told.alerts, resting)

    def _ask(self, deadline: Deadline) -> Decimal | Refused | Lost | Unreachable:
        """Ask for the balance, and again where the answer holds none: one that fails now and then says nothing."""
        for left in reversed(range(_ASKED)):
            answer = self._ask_once()
            again = left and deadline.allows(_FOR_THE_REST)
            if isinstance(answer, Decimal) or not again:
                break
        if isinstance(answer, UnreadableBalance):
            raise answer
        return answer

    def _ask_once(self) -> Decimal | Refused | Lost | Unreachable | UnreadableBalance:
        try:
            return self._client.credit()
        except UnreadableBalance as error:
            return error

    def _act(self, finding: Finding, label: str, deadline: Deadline) -> tuple[Valve, AlertingResult]:
        try:
            self._control.carry_out(self._control.decide(finding), deadline)
        finally:
            valve = self._valve_store.read().valve
            told = self._alerting.take_in(finding, label, valve, deadline)
        return valve, told


def _finding(answer: Decimal | Refused | Lost | Unreachable) -> Finding:
    if isinstance(answer, Decimal):
        return Finding(None, answer)
    if isinstance(answer, Refused):
        symptom = symptom_of_kind(answer.kind)
        return Finding(symptom if symptom in FAULTS else None)
    return Finding(GATEWAY)
