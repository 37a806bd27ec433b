"""The messages table as send_sms writes it: claims and outcomes, each by a write of its own.

Per part and attempt: one write to claim, one to record the outcome, no read. Every write is conditional; the second
one holds only under the claim that the first one took. `batch_store` writes several at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kobo_sms.aws.dynamodb import Expression, condition_failed, decode, encode
from kobo_sms.errors import LostClaim
from kobo_sms.messages import states
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.parts import Part
from kobo_sms.messages.states import State
from kobo_sms.sending import records
from kobo_sms.sending.attempts import NOT_ASKED, Busy, Claim, Finished, Lease, NothingToClaim
from kobo_sms.sending.decisions import MAX_HALVINGS, Decision, after_stop
from kobo_sms.sending.part_items import Opening, PartItems
from kobo_sms.table import Item, moment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# How often a part is looked at anew that others write while it is to be cancelled.
_MOST_CANCELS = 5


class Store:
    """Reads and writes parts. Errors of DynamoDB pass through: the record comes back and is tried again."""

    def __init__(self, client: DynamoDBClient, table: str, items: PartItems) -> None:
        self._client = client
        self._table = table
        self._items = items

    def claim(
        self,
        part: Part,
        *,
        token: str,
        now: float,
        until: float,
        lane: Lane | None = None,
        probe: bool = False,
        opted_out: Collection[str] | None = None,
    ) -> Claim | NothingToClaim:
        """Take the right to one attempt, or say why there is none to take.

        `lane` is where the message came from, `probe` whether check_credit let it through: both to be remembered.
        `opted_out` are the recipients of a promotional part that opted out by now, None where nobody was asked. They
        are kept with the claim: an attempt that repeats one of unknown outcome leaves out those that it left out.
        """
        lease = Lease(token, now, lane, probe)
        write = _opened(self._items.claimed(part, lease, until, opted_out)).add(leases={lease.to_text()})
        expired = f"{write.name('lease_until')} <= {write.value(moment(now))}"
        # boto3 repeats a write whose answer was lost: our own lease does not keep us out.
        ours = f"{write.name('lease')} = {write.value(token)}"
        free = f"attribute_not_exists({write.name('lease_until')}) OR {expired} OR {ours}"
        open_ = " OR ".join(f"{write.name('state')} = {write.value(state)}" for state in sorted(states.OPEN))
        same = self._items.fingerprints.condition(write, part)
        write.where(f"attribute_not_exists({write.name('id')}) OR ({same} AND ({open_}) AND ({free}))")
        try:
            answer = self._client.update_item(**write.update(self._table, _key(part)), ReturnValues="ALL_OLD")
        except self._client.exceptions.ConditionalCheckFailedException as error:
            return self._items.why_not(part, condition_failed(error))
        return self._items.claim_on(part, lease, until, decode(answer.get("Attributes", {})), opted_out)

    def record(
        self,
        claim: Claim,
        decision: Decision,
        *,
        now: float,
        label: str,
        due: tuple[str, float] | None,
        next_at: float | None = None,
    ) -> None:
        """Write what became of the attempt.

        `due` is the shard and moment of the first report to ask for, `next_at` when the message is to come back.

        Raises
        ------
        LostClaim
            when another invocation has claimed the part since: what it writes counts.
        """
        write = self._outcome(claim, decision, now, label, next_at)
        if due is not None:
            write.set(due_shard=due[0], due_at=moment(due[1]), sent_at=moment(now))
        self._write_outcome(claim.part, write)

    def split(self, claim: Claim, decision: Decision, *, now: float, label: str) -> bool:
        """Record that a refused part is to be halved, unless its origin has used up its calls: then return False.

        The halving is counted at the origin first, under the part's name, so that counting it again changes nothing.
        (One transaction for both would be cancelled whenever two halves of an origin are counted at the same moment.)
        """
        write = self._outcome(claim, decision, now, label)
        if claim.part.name == claim.part.origin:
            write.add(halved={claim.part.name})
        elif not self._count_halving(claim.part):
            return False
        self._write_outcome(claim.part, write)
        return True

    def split_root(self, part: Part, *, now: float, lane: Lane | None = None) -> Part | NothingToClaim:
        """Record a request of more than 500 numbers as split; doing it again changes nothing.

        One that was begun as a whole, when fewer of its numbers could be sent to, is returned as a part to be claimed.
        """
        write = _opened(self._items.split(part, now, lane))
        same = f"{self._items.fingerprints.condition(write, part)} AND attribute_exists({write.name('numbers')})"
        write.where(f"attribute_not_exists({write.name('id')}) OR ({same})")
        try:
            answer = self._client.update_item(**write.update(self._table, _key(part)), ReturnValues="ALL_OLD")
        except self._client.exceptions.ConditionalCheckFailedException as error:
            found = self._items.why_not(part, item := condition_failed(error))
            return records.as_kept(part, item) if isinstance(found, Busy) else found
        old = decode(answer.get("Attributes", {}))
        return Finished(State.SPLIT, records.smaller_parts(part, old) if old else part.chunks())

    def cancel(self, part: Part, *, clock: Callable[[], float], lane: Lane | None = None) -> Decision | NothingToClaim:
        """End a part whose campaign was stopped, or say why there is nothing to end.

        It is remembered among the attempts, as all ends are, at the moment that `clock` tells. `lane` is where the
        message came from.

        Raises
        ------
        LostClaim
            when others keep writing the part.
        """
        old: Item = {}
        for _ in range(_MOST_CANCELS):
            # What others wrote meanwhile is later than the first look, and their clock may be ahead.
            now = max(clock(), float(old.get("updated_at", 0)))
            if old and (taken := self._taken(part, old, now)):
                return taken
            claim = self._items.standing(part, old, now, lane)
            decision = after_stop(claim.known)
            newer = self._end(claim, decision, old, now)
            if newer is None:
                return decision
            old = newer
        raise LostClaim(f"part {part.name} was written by others {_MOST_CANCELS} times")

    def _end(self, claim: Claim, decision: Decision, old: Item, now: float) -> Item | None:
        """End a part without an attempt; return it as it is if it is not as `old` any more."""
        write = Expression().set(**self._items.ended(claim, decision, now, NOT_ASKED))
        write.set_once(**({} if old else self._items.described(claim.part)))
        if not old:
            write.where(f"attribute_not_exists({write.name('id')})")
        for name in ("state", "updated_at", "lease") if old else ():
            unchanged = f"{write.name(name)} = {write.value(old[name])}" if name in old else ""
            write.where(unchanged or f"attribute_not_exists({write.name(name)})")
        try:
            self._client.update_item(**write.update(self._table, _key(claim.part)))
        except self._client.exceptions.ConditionalCheckFailedException as error:
            return condition_failed(error)
        return None

    def _taken(self, part: Part, item: Item, now: float) -> NothingToClaim | None:
        found = self._items.why_not(part, item)
        return None if isinstance(found, Busy) and found.until <= now else found

    def _outcome(
        self, claim: Claim, decision: Decision, now: float, label: str, next_at: float | None = None
    ) -> Expression:
        write = Expression().set(**self._items.ended(claim, decision, now, label, next_at=next_at))
        return write.where(f"{write.name('lease')} = {write.value(claim.lease.token)}")

    def _count_halving(self, part: Part) -> bool:
        write = Expression().add(halved={part.name})
        halved = write.name("halved")
        write.where(f"size({halved}) < {write.value(MAX_HALVINGS)} OR contains({halved}, {write.value(part.name)})")
        try:
            self._client.update_item(**write.update(self._table, _key(replace(part, name=part.origin))))
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _write_outcome(self, part: Part, write: Expression) -> None:
        try:
            self._client.update_item(**write.update(self._table, _key(part)))
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise LostClaim(f"the claim on part {part.name} ended before its outcome was written") from error


def _opened(opening: Opening) -> Expression:
    return Expression().set(**opening.always).set_once(**opening.once)


def _key(part: Part) -> dict[str, Any]:
    return encode({"id": part.request.id, "part": part.name})
