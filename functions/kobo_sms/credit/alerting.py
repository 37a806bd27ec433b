"""Keeping account of the balance, and telling people when something changes (guarantee 5).

An alert is written down in the same write as the change that it tells of, published, and then struck off. Of checks
that overlap one wins that write, so the change is told once. Should the winner die before it has published, the alert
is still written down, and a later check publishes it: never silence. Should it die in the moment between publishing
and striking off, the alert is published again, marked as perhaps a repetition: SNS cannot be asked what it has sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from kobo_sms.aws.dynamodb import compare_and_swap
from kobo_sms.credit.alerts import Situation, step
from kobo_sms.credit.forecast import Forecast, forecast, observe
from kobo_sms.credit.settings import CreditSettings
from kobo_sms.credit.store import Account, CreditStore, Pending
from kobo_sms.credit.text import AlertText, Facts, Held, write
from kobo_sms.errors import KoboSmsError
from kobo_sms.messages.lanes import Lane
from kobo_sms.runtime import Deadline
from kobo_sms.valve.closed_lanes import ClosedLanes
from kobo_sms.valve.rules import Finding
from kobo_sms.valve.signals import CREDENTIALS, CREDIT, GATEWAY
from kobo_sms.valve.state import OPERATOR, QUIET_HOURS, Closed, Valve

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

_ACCOUNT, _TRIES = "the account", 10
# One lost answer of credit/ is nothing to wake anybody for.
_UNANSWERED_IS_A_FAULT = 300.0


@dataclass(frozen=True)
class AlertingResult:
    """What a check knows at its end: the forecast, and the kinds of the alerts it published."""

    forecast: Forecast
    alerts: Sequence[str] = ()


@dataclass(frozen=True)
class _Stepped:
    """The account after a check, and the alerts that this check is to publish."""

    account: Account
    ours: Sequence[Pending]


class AlertTopic:
    """The SNS topic that alerts go to; who hears of them, by e-mail, SMS or chat, is a matter of its subscriptions."""

    def __init__(self, client: SNSClient, arn: str) -> None:
        self._client = client
        self._arn = arn

    def publish(self, text: AlertText, *, kind: str, alert_id: str) -> None:
        """Publish `text`, short for phones and whole for everybody else; errors of SNS pass through.

        Subscriptions may filter by the message attribute `kind`; `id` tells a repetition from another alert.
        """
        message = json.dumps({"default": text.email, "email": text.email, "sms": text.sms})
        attributes = {"kind": kind, "id": alert_id}
        self._client.publish(
            TopicArn=self._arn,
            Subject=text.subject,
            Message=message,
            MessageStructure="json",
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )


class Alerting:
    """Takes in what a check found and publishes the alerts that follow from it."""

    def __init__(
        self,
        store: CreditStore,
        topic: AlertTopic,
        lanes: ClosedLanes,
        settings: CreditSettings,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._topic = topic
        self._lanes = lanes
        self._settings = settings
        self._clock = clock

    def take_in(self, finding: Finding, label: str, valve: Valve, deadline: Deadline) -> AlertingResult:
        """Keep what credit/ told, step the alerts on, and publish what is to be published by this check."""
        now = self._clock()
        if finding.balance is not None:
            self._store.record_balance(finding.balance, now=now)
        stepped = compare_and_swap(
            self._store.read,
            lambda account: self._step(account, finding, label, valve, deadline),
            lambda _, stepped: self._store.write(stepped.account) is not None,
            what=_ACCOUNT,
            tries=_TRIES,
        )
        account, ours = stepped.account, stepped.ours
        outlook = forecast(account.usage, now)
        if ours:
            self._publish_all(ours, self._facts(account, finding.balance, outlook, valve))
        return AlertingResult(outlook, [pending.alert.kind for pending in ours])

    def _step(self, account: Account, finding: Finding, label: str, valve: Valve, deadline: Deadline) -> _Stepped:
        now, until = self._clock(), deadline.lease_until
        unanswered_since = (account.unanswered_since or now) if finding.fault == GATEWAY else None
        situation = Situation(
            now=now,
            balance=finding.balance,
            low=self._settings.low,
            critical=self._settings.critical,
            held_for_credit=frozenset(lane for lane, each in valve.closed.items() if each.is_for(CREDIT)),
            fault=_fault(finding, valve, unanswered_since, now),
        )
        state, alerts = step(account.alerts, situation)
        # The version that this writes: each lane that runs out of credit is told, though it may be in one second.
        new = [Pending(f"{alert.track}-{alert.kind}-{now:.0f}-{account.version + 1}", alert, until) for alert in alerts]
        orphans = [replace(each, until=until, repeated=True) for each in account.pending if each.until <= now]
        waiting = [each for each in account.pending if each.until > now]
        usage = account.usage if finding.balance is None else observe(account.usage, finding.balance, now)
        after = replace(
            account,
            checked_at=now,
            answer=label,
            unanswered_since=unanswered_since,
            usage=usage,
            alerts=state,
            pending=(*waiting, *orphans, *new),
            low=self._settings.low,
            critical=self._settings.critical,
        )
        return _Stepped(after, orphans + new)

    def _publish_all(self, ours: Sequence[Pending], facts: Facts) -> None:
        """Publish each alert, whatever becomes of the others; the first error is raised at the end."""
        errors: list[Exception] = []
        for pending in ours:
            try:
                self._publish(pending, facts)
                self._strike_off(pending)
            except (KoboSmsError, BotoCoreError, ClientError) as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def _publish(self, pending: Pending, facts: Facts) -> None:
        text = write(pending.alert, facts, repeated=pending.repeated)
        self._topic.publish(text, kind=pending.alert.kind, alert_id=pending.id)

    def _strike_off(self, published: Pending) -> None:
        def without(account: Account) -> Account:
            left = tuple(each for each in account.pending if each.id != published.id)
            return replace(account, pending=left)

        compare_and_swap(
            self._store.read,
            without,
            lambda _, after: self._store.write(after) is not None,
            what=_ACCOUNT,
            tries=_TRIES,
        )

    def _facts(self, account: Account, balance: Decimal | None, outlook: Forecast, valve: Valve) -> Facts:
        # The last balance anybody read is better than none.
        last = account.usage.last
        return Facts(
            stack=self._settings.stack,
            now=self._clock(),
            balance=balance if balance is not None or last is None else last.balance,
            low=account.low,
            critical=account.critical,
            forecast=outlook,
            held=self._held(valve.closed),
        )

    def _held(self, closed: Mapping[Lane, Closed]) -> dict[Lane, Held]:
        # That a lane rests is nothing to be alerted to.
        held = {lane: each for lane, each in closed.items() if each.cause != QUIET_HOURS}
        return {lane: self._held_lane(lane, each) for lane, each in held.items()}

    def _held_lane(self, lane: Lane, closed: Closed) -> Held:
        detail = "" if closed.cause == OPERATOR else closed.detail
        try:
            waiting = self._lanes.waiting(lane)
        except (BotoCoreError, ClientError):
            # How much waits is worth less than being told.
            waiting = None
        return Held(closed.cause, closed.since, waiting, detail)


def _fault(finding: Finding, valve: Valve, unanswered_since: float | None, now: float) -> str | None:
    if CREDENTIALS in (finding.fault, valve.fault):
        return CREDENTIALS
    silent = unanswered_since is not None and now - unanswered_since >= _UNANSWERED_IS_A_FAULT
    return GATEWAY if silent else valve.fault
