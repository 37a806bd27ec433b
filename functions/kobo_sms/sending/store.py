"""The messages table as send_sms writes it: claims and outcomes.

Per part and attempt: one write to claim, one to record the outcome, no read. Every write is conditional; the second
one holds only under the claim that the first one took.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kobo_sms.aws.dynamodb import Expression, condition_failed, decode, encode
from kobo_sms.errors import LostClaim
from kobo_sms.history import History
from kobo_sms.messages import states
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.packing import pack_numbers, unpack_numbers
from kobo_sms.messages.parts import Part
from kobo_sms.messages.progress import describe_progress
from kobo_sms.messages.states import State
from kobo_sms.sending import records
from kobo_sms.sending.attempts import HISTORY, NOT_ASKED, Attempt, Lease, died_under, ended_under, leases_of
from kobo_sms.sending.decisions import MAX_HALVINGS, Decision, Known, after_stop
from kobo_sms.sending.fingerprints import Fingerprints
from kobo_sms.table import Item, moment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_NO_KEY = Fingerprints("")
# How often a part is looked at anew that others write while it is to be cancelled.
_MOST_CANCELS = 5


@dataclass(frozen=True)
class Claim:
    """The right to make one attempt at a part until `until` (epoch seconds), under the sender ID `sender`.

    `lease.token` fences the outcome; `died` are earlier claims that ended without one. `opted_out` are recipients that
    this attempt leaves out, and each one that repeats it.
    """

    part: Part
    lease: Lease
    until: float
    known: Known
    history: History
    died: Sequence[Lease]
    sender: str
    opted_out: frozenset[str] = frozenset()

    @property
    def to_send(self) -> Part:
        """The part as KoboMobile is asked to send it: without those who opted out."""
        return self.part.without(self.opted_out)


@dataclass(frozen=True)
class Busy:
    """Another invocation holds the claim until `until` (epoch seconds)."""

    until: float


@dataclass(frozen=True)
class Finished:
    """The part has ended in `state`, or was split into `smaller` ones: there is nothing to send. It counts for
    `campaign`."""

    state: str
    smaller: Sequence[Part] = ()
    campaign: str | None = None


@dataclass(frozen=True)
class OtherRelease:
    """The part is in a `state` that only another release knows: it is left alone."""

    state: str


@dataclass(frozen=True)
class IdempotencyConflict:
    """The id was used for other content before."""


NothingToClaim = Busy | Finished | IdempotencyConflict | OtherRelease


class Store:
    """Reads and writes parts. Errors of DynamoDB pass through: the record comes back and is tried again."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        *,
        keep_seconds: float,
        fingerprints: Fingerprints = _NO_KEY,
        namespace: str = "",
        default_sender: str = "",
        store_text: bool = True,
    ) -> None:
        self._client = client
        self._table = table
        self._keep = keep_seconds
        self._fingerprints = fingerprints
        self._namespace = namespace
        self._default_sender = default_sender
        self._store_text = store_text

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
        write = self._opening(part, State.SENDING, now, opted_out=opted_out or ()).set(
            lease=token, lease_until=moment(until)
        )
        write.set_once(first_attempt_at=moment(now)).add(leases={lease.to_text()})
        if opted_out is not None:
            write.set_once(opted_out=pack_numbers(opted_out))
        expired = f"{write.name('lease_until')} <= {write.value(moment(now))}"
        # boto3 repeats a write whose answer was lost: our own lease does not keep us out.
        ours = f"{write.name('lease')} = {write.value(token)}"
        free = f"attribute_not_exists({write.name('lease_until')}) OR {expired} OR {ours}"
        open_ = " OR ".join(f"{write.name('state')} = {write.value(state)}" for state in sorted(states.OPEN))
        same = self._fingerprints.condition(write, part)
        write.where(f"attribute_not_exists({write.name('id')}) OR ({same} AND ({open_}) AND ({free}))")
        try:
            answer = self._client.update_item(**write.update(self._table, _key(part)), ReturnValues="ALL_OLD")
        except self._client.exceptions.ConditionalCheckFailedException as error:
            return self._why_not(part, condition_failed(error))
        claim = self._claimed(part, lease, until, old := decode(answer.get("Attributes", {})))
        return replace(claim, opted_out=_left_out(old, opted_out or ()))

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
        write = self._opening(part, State.SPLIT, now)
        split = Attempt(now, NOT_ASKED, State.SPLIT, lane=lane)
        write.set_once(numbers=pack_numbers(part.request.to), history=[split.to_item()])
        same = f"{self._fingerprints.condition(write, part)} AND attribute_exists({write.name('numbers')})"
        write.where(f"attribute_not_exists({write.name('id')}) OR ({same})")
        try:
            answer = self._client.update_item(**write.update(self._table, _key(part)), ReturnValues="ALL_OLD")
        except self._client.exceptions.ConditionalCheckFailedException as error:
            found = self._why_not(part, item := condition_failed(error))
            return records.as_kept(part, item) if isinstance(found, Busy) else found
        old = decode(answer.get("Attributes", {}))
        return Finished(State.SPLIT, records.smaller_parts(part, old) if old else part.chunks())

    def cancel(self, part: Part, *, now: float, lane: Lane | None = None) -> Decision | NothingToClaim:
        """End a part whose campaign was stopped, or say why there is nothing to end.

        It is remembered among the attempts, as all ends are. `lane` is where the message came from.

        Raises
        ------
        LostClaim
            when others keep writing the part.
        """
        old: Item = {}
        for _ in range(_MOST_CANCELS):
            if old and (taken := self._taken(part, old, now)):
                return taken
            died = leases_of(old)
            known = _known(old, died)
            known = replace(known, calls=known.calls + 1)
            lease, history, opted_out = Lease("", now, lane), HISTORY.read(old), _left_out(old, ())
            claim = Claim(self._as_kept(part, old), lease, now, known, history, died, self._sender_of(part), opted_out)
            decision = after_stop(known)
            newer = self._end(claim, decision, old, now)
            if newer is None:
                return decision
            old = newer
        raise LostClaim(f"part {part.name} was written by others {_MOST_CANCELS} times")

    def _end(self, claim: Claim, decision: Decision, old: Item, now: float) -> Item | None:
        """End a part without an attempt; return it as it is if it is not as `old` any more."""
        write = self._ended(claim, decision, now, NOT_ASKED).set_once(**({} if old else self._described(claim.part)))
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
        found = self._why_not(part, item)
        return None if isinstance(found, Busy) and found.until <= now else found

    def _sender_of(self, part: Part) -> str:
        return part.request.sender or self._default_sender

    def _as_kept(self, part: Part, item: Item) -> Part:
        return records.as_kept(replace(part, namespace=self._namespace), item)

    def _opening(
        self, part: Part, state: State, now: float, reason: str | None = None, opted_out: Collection[str] = ()
    ) -> Expression:
        fixed = self._described(part, opted_out)
        if part.request.campaign is not None:
            # A part that is tried again keeps what its last attempt came to until this one has ended.
            fixed["progress"] = describe_progress(state, reason, fixed["recipients"])
        write = Expression().set(state=state, updated_at=moment(now), expires=int(now + self._keep))
        return write.set_once(**fixed)

    def _described(self, part: Part, opted_out: Collection[str] = ()) -> Item:
        sender, store_text = self._sender_of(part), self._store_text
        named = replace(part, namespace=self._namespace)
        fixed = records.describe(named, sender=sender, store_text=store_text, opted_out=opted_out)
        if part.too_large:
            fixed["recipients"] = records.bad_recipients(part)
        return fixed | self._fingerprints.attributes(part)

    def _outcome(
        self, claim: Claim, decision: Decision, now: float, label: str, next_at: float | None = None
    ) -> Expression:
        write = self._ended(claim, decision, now, label, next_at)
        return write.where(f"{write.name('lease')} = {write.value(claim.lease.token)}")

    def _ended(
        self, claim: Claim, decision: Decision, now: float, label: str, next_at: float | None = None
    ) -> Expression:
        attempt = ended_under(claim.lease, decision, now=now, label=label, next_at=next_at)
        attempts = [*died_under(claim.died, unknown_at=now), attempt]
        history = HISTORY.extend(claim.history, (each.to_item() for each in attempts))
        write = Expression().set(
            state=decision.state,
            attempts=decision.attempts,
            calls=claim.known.calls,
            in_doubt=decision.in_doubt,
            # The release before this one reads that name, and may still run beside this one.
            doubt=decision.in_doubt,
            last_answer=label,
            reason=decision.reason,
            updated_at=moment(now),
            expires=int(now + self._keep),
            **HISTORY.attributes(history),
        )
        if decision.outcomes or claim.opted_out:
            write.set(recipients=records.recipients_after(claim.part, decision.outcomes, now, claim.opted_out))
        if claim.part.request.campaign is not None:
            write.set(progress=records.progress_after(claim.part, decision, now, claim.opted_out))
        if claim.part.request.promotional and not decision.in_doubt:
            # Nobody was sent to: the next attempt may leave out others, too.
            write.remove("opted_out")
        return write.remove("lease", "lease_until", "leases")

    def _claimed(self, part: Part, lease: Lease, until: float, old: Item) -> Claim:
        # Our own lease there is this very claim, repeated by boto3 as its answer was lost: nobody was asked under it.
        # It has replaced `lease`, which is why `leases` keeps them all until an outcome is written.
        died = [each for each in leases_of(old) if each.token != lease.token]
        known = _known(old, died)
        known = replace(known, calls=known.calls + 1)
        # The identical call: whatever the stack's default is by now.
        sender = old.get("from") or self._sender_of(part)
        return Claim(self._as_kept(part, old), lease, until, known, HISTORY.read(old), died, sender)

    def _why_not(self, part: Part, item: Item) -> NothingToClaim:
        if not self._fingerprints.match(part, item):
            return IdempotencyConflict()
        state = item["state"]
        if state in states.OPEN:
            return Busy(float(item.get("lease_until", 0)))
        if state == State.SPLIT:
            return Finished(state, records.smaller_parts(part, item), item.get("campaign"))
        return Finished(state, (), item.get("campaign")) if state in frozenset(State) else OtherRelease(state)

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


def _left_out(old: Item, asked: Collection[str]) -> frozenset[str]:
    """Return whom an attempt leaves out: those of the attempt that it repeats, else those that have opted out by now,
    and in any case those that the part was published without."""
    fixed = unpack_numbers(old["opted_out"]) if "opted_out" in old else asked
    return records.opted_out_of(old.get("recipients", {})) | frozenset(fixed)


def _key(part: Part) -> dict[str, Any]:
    return encode({"id": part.request.id, "part": part.name})


def _known(item: Item, died: Sequence[Lease]) -> Known:
    """Return what the table knew of a part before it was claimed.

    `died` are the claims that nobody gave back: their attempts ended between claim and outcome, so KoboMobile may have
    executed them.
    """
    return Known(
        attempts=int(item.get("attempts", 0)) + len(died),
        calls=int(item.get("calls", 0)) + len(died),
        in_doubt=bool(item.get("in_doubt", item.get("doubt", False))) or bool(died),
        first_attempt_at=float(item["first_attempt_at"]) if "first_attempt_at" in item else None,
    )
