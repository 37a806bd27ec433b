"""What check_credit keeps of the balance: its readings, the use made of it, and which alerts have rung."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from kobo_sms.aws.dynamodb import Expression, decode, encode
from kobo_sms.credit.alerts import Alert, AlertState
from kobo_sms.credit.forecast import Usage
from kobo_sms.table import CREDIT_ID, CREDIT_STATE, SCHEMA, Item, moment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class Pending:
    """An alert to be published by whoever holds it until `until` (epoch seconds); then somebody else takes it on.

    `repeated`: it was taken over, and may have been published before.
    """

    id: str
    alert: Alert
    until: float
    repeated: bool = False


@dataclass(frozen=True)
class Account:
    """What is known of the account; moments in epoch seconds.

    `unanswered_since` is when credit/ was first not answered, None while it is.
    """

    checked_at: float = 0.0
    answer: str = ""
    unanswered_since: float | None = None
    usage: Usage = field(default_factory=Usage)
    alerts: AlertState = field(default_factory=AlertState)
    pending: Sequence[Pending] = ()
    low: Decimal = Decimal(0)
    critical: Decimal = Decimal(0)
    version: int = 0


class CreditStore:
    """Reads and writes the account's items. Errors of DynamoDB pass through."""

    def __init__(self, client: DynamoDBClient, table: str, *, keep_seconds: float) -> None:
        self._client = client
        self._table = table
        self._keep = keep_seconds
        self._key = encode({"id": CREDIT_ID, "part": CREDIT_STATE})

    def record_balance(self, balance: Decimal, *, now: float) -> None:
        """Add one reading to the history of the balance."""
        item: Item = {"id": CREDIT_ID, "part": f"{now:.3f}", "balance": balance, "schema": SCHEMA}
        item["expires"] = int(now + self._keep)
        self._client.put_item(TableName=self._table, Item=encode(item))

    def readings(self, start: float, end: float) -> Iterator[tuple[float, Decimal]]:
        """Yield the readings between two moments (epoch seconds), oldest first: when, and the balance."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="id = :id AND part BETWEEN :start AND :end",
            ExpressionAttributeValues=encode({":id": CREDIT_ID, ":start": f"{start:.3f}", ":end": f"{end:.3f}"}),
            ProjectionExpression="part, balance",
        )
        for page in pages:
            for item in map(decode, page["Items"]):
                yield float(item["part"]), item["balance"]

    def read(self) -> Account:
        """Return what is known, as of now and not of a moment ago."""
        answer = self._client.get_item(TableName=self._table, Key=self._key, ConsistentRead=True)
        return _account(decode(answer.get("Item", {})))

    def write(self, account: Account) -> Account | None:
        """Write what was derived from `account.version`; return it as it now is, None when another was faster."""
        version = account.version
        since = account.unanswered_since
        write = Expression().set(
            checked_at=moment(account.checked_at),
            answer=account.answer,
            unanswered_since=None if since is None else moment(since),
            usage=account.usage.to_item(),
            alerts=account.alerts.to_item(),
            pending=[_pending_item(each) for each in account.pending],
            low=account.low,
            critical=account.critical,
            version=version + 1,
        )
        write.where_version(version)
        try:
            self._client.update_item(**write.update(self._table, self._key))
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return replace(account, version=version + 1)


def _account(item: Item) -> Account:
    if not item:
        return Account()
    since = item.get("unanswered_since")
    return Account(
        checked_at=float(item["checked_at"]),
        answer=item["answer"],
        unanswered_since=None if since is None else float(since),
        usage=Usage.from_item(item["usage"]),
        alerts=AlertState.from_item(item["alerts"]),
        pending=tuple(map(_pending, item["pending"])),
        low=item["low"],
        critical=item["critical"],
        version=int(item["version"]),
    )


def _pending_item(pending: Pending) -> Item:
    alert = asdict(pending.alert) | {"since": moment(pending.alert.since)}
    return {"id": pending.id, "until": moment(pending.until), "repeated": pending.repeated, "alert": alert}


def _pending(item: Item) -> Pending:
    # A release to come may keep more of an alert.
    known = {each.name: item["alert"][each.name] for each in fields(Alert) if each.name in item["alert"]}
    alert = Alert(**(known | {"since": float(known["since"])}))
    return Pending(item["id"], alert, float(item["until"]), bool(item.get("repeated", False)))
