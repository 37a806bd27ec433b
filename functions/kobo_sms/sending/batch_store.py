"""Claims and outcomes of several parts in one call of DynamoDB, for parts that are usual: new ones that were sent.

What it cannot write, or finds written by another, is left to `store`, which writes one part at a time: then it is
asked why, or retried. So a part costs two writes here as well, and more only where something is out of the ordinary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kobo_sms.aws import statements
from kobo_sms.messages.parts import Part
from kobo_sms.sending.attempts import Claim, Lease
from kobo_sms.sending.decisions import Decision
from kobo_sms.sending.part_items import PartItems
from kobo_sms.table import Item, moment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Items of more recipients are written alone: 25 of these stay far below what one request may carry.
MOST_RECIPIENTS = 50


@dataclass(frozen=True)
class Wanted:
    """A part to be claimed under `lease`; `opted_out` as `Store.claim` has it."""

    part: Part
    lease: Lease
    opted_out: frozenset[str] | None


@dataclass(frozen=True)
class Ended:
    """What became of an attempt; `label` names KoboMobile's answer, `due` is the first report to ask for, as in
    `Store.record`."""

    claim: Claim
    decision: Decision
    now: float
    label: str
    due: tuple[str, float] | None


class BatchStore:
    """Writes parts, 25 in one call. Errors of a whole call pass through: then nobody knows what was written."""

    def __init__(self, client: DynamoDBClient, table: str, items: PartItems) -> None:
        self._client = client
        self._table = table
        self._items = items

    def claim(self, wanted: Sequence[Wanted], until: float) -> list[Claim | None]:
        """Claim parts that the table does not know; no two may be the same. None for each that could not be claimed."""
        inserts = [statements.insert(self._table, self._item(each, until)) for each in wanted]
        codes = statements.execute(self._client, inserts)
        return [
            self._items.claim_on(each.part, each.lease, until, {}, each.opted_out) if code is None else None
            for each, code in zip(wanted, codes, strict=True)
        ]

    def record(self, ended: Sequence[Ended]) -> list[bool]:
        """Write what became of attempts, each under its claim; tell for each whether it is written."""
        codes = statements.execute(self._client, [self._update(each) for each in ended])
        return [code is None for code in codes]

    def _item(self, wanted: Wanted, until: float) -> Item:
        opening = self._items.claimed(wanted.part, wanted.lease, until, wanted.opted_out)
        return _key(wanted.part) | opening.new_item | {"leases": {wanted.lease.to_text()}}

    def _update(self, ended: Ended) -> statements.Statement:
        claim, now = ended.claim, ended.now
        changes = self._items.ended(claim, ended.decision, now, ended.label)
        if ended.due is not None:
            changes |= {"due_shard": ended.due[0], "due_at": moment(ended.due[1]), "sent_at": moment(now)}
        return statements.update(self._table, _key(claim.part), changes, where={"lease": claim.lease.token})


def fits(part: Part) -> bool:
    """Tell whether a part's item is small enough to be written among others."""
    return len(part.request.to) + len(part.request.bad) <= MOST_RECIPIENTS


def _key(part: Part) -> Item:
    return {"id": part.request.id, "part": part.name}
