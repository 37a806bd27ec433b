"""What send_sms reads of a part's item and writes to it, whatever call of DynamoDB it goes by. It makes no call.

An item keeps two fingerprints of its content, which tell whether a request that is queued again is the one that the
table knows under its id: `fingerprint` of the numbers as they are sent to, however they were written, and
`raw_fingerprint` of the numbers as they were written, whatever is known of numbers by then. Either of them is enough.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kobo_sms.aws.dynamodb import Expression
from kobo_sms.messages import states
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.packing import pack_numbers, unpack_numbers
from kobo_sms.messages.parts import Part
from kobo_sms.messages.progress import describe_progress
from kobo_sms.messages.states import State
from kobo_sms.sending import records
from kobo_sms.sending.attempts import (
    HISTORY,
    NOT_ASKED,
    Attempt,
    Busy,
    Claim,
    Finished,
    IdempotencyConflict,
    Lease,
    NothingToClaim,
    OtherRelease,
    died_under,
    ended_under,
    leases_of,
)
from kobo_sms.sending.decisions import Decision, Known
from kobo_sms.table import Item, moment


@dataclass(frozen=True)
class Fingerprints:
    """Fingerprints keyed with `key`, so that the table alone betrays no short text; `former` is the key of the release
    before this one, None where there was none."""

    key: str
    former: str | None = None

    def attributes(self, part: Part) -> Item:
        """Return what is kept of a part's content."""
        return {"fingerprint": part.fingerprint(self.key), "raw_fingerprint": part.raw_fingerprint(self.key)}

    def condition(self, write: Expression, part: Part) -> str:
        """Return the condition that the item of `part` is of its content."""
        raw = f"{write.name('raw_fingerprint')} = {write.value(part.raw_fingerprint(self.key))}"
        known = (f"{write.name('fingerprint')} = {write.value(each)}" for each in self._known(part))
        return f"({' OR '.join((*known, raw))})"

    def match(self, part: Part, item: Mapping[str, Any]) -> bool:
        """Tell whether an item is of the content of `part`."""
        return item.get("fingerprint") in self._known(part) or (
            item.get("raw_fingerprint") == part.raw_fingerprint(self.key)
        )

    def _known(self, part: Part) -> list[str]:
        return [part.fingerprint(key) for key in (self.key, self.former) if key is not None]


_NO_KEY = Fingerprints("")


@dataclass(frozen=True)
class Opening:
    """Attributes that opening a part sets: in any case, and where they are not there yet."""

    always: Item
    once: Item

    @property
    def new_item(self) -> Item:
        """The item of a part that nobody has opened before; without its key."""
        return self.once | self.always


@dataclass(frozen=True)
class PartItems:
    """Items that are kept for `keep_seconds`; the other fields are settings of the stack."""

    keep_seconds: float
    fingerprints: Fingerprints = _NO_KEY
    namespace: str = ""
    default_sender: str = ""
    store_text: bool = True

    def claimed(self, part: Part, lease: Lease, until: float, opted_out: Collection[str] | None) -> Opening:
        """Return what claiming `part` sets. The entry in `leases` is not among it: it is added to those there."""
        now = lease.at or 0.0
        opening = self._opening(part, State.SENDING, now, opted_out=opted_out or ())
        always = opening.always | {"lease": lease.token, "lease_until": moment(until)}
        once = opening.once | {"first_attempt_at": moment(now)}
        if opted_out is not None:
            once["opted_out"] = pack_numbers(opted_out)
        return Opening(always, once)

    def split(self, part: Part, now: float, lane: Lane | None) -> Opening:
        """Return what recording a request of more than 500 numbers as split sets."""
        opening = self._opening(part, State.SPLIT, now)
        split = Attempt(now, NOT_ASKED, State.SPLIT, lane=lane)
        once = opening.once | {"numbers": pack_numbers(part.request.to), "history": [split.to_item()]}
        return Opening(opening.always, once)

    def ended_unclaimed(self, part: Part, now: float, reason: str) -> Opening:
        """Return what recording the end of a part sets that nobody has ever claimed."""
        opening = self._opening(part, State.FAILED, now, reason)
        return Opening(opening.always | {"reason": reason}, opening.once)

    def claim_on(
        self, part: Part, lease: Lease, until: float, old: Item, opted_out: Collection[str] | None = None
    ) -> Claim:
        """Return the claim on a part whose item was `old` before, empty for one that is new."""
        # Our own lease there is this very claim, repeated by boto3 as its answer was lost: nobody was asked under it.
        # It has replaced `lease`, which is why `leases` keeps them all until an outcome is written.
        died = [each for each in leases_of(old) if each.token != lease.token]
        # What others wrote while this one's write was on its way comes before it in what is remembered.
        lease = replace(lease, at=max(lease.at or 0.0, float(old.get("updated_at", 0))))
        # The identical call: whatever the stack's default is by now.
        sender = old.get("from") or self.sender_of(part)
        left_out = _left_out(old, opted_out or ())
        return Claim(
            self.as_kept(part, old), lease, until, _under_way(old, died), HISTORY.read(old), died, sender, left_out
        )

    def standing(self, part: Part, old: Item, now: float, lane: Lane | None) -> Claim:
        """Return how a part stands that is to end without an attempt."""
        died = leases_of(old)
        known = _under_way(old, died)
        kept, history, opted_out = self.as_kept(part, old), HISTORY.read(old), _left_out(old, ())
        return Claim(kept, Lease("", now, lane), now, known, history, died, self.sender_of(part), opted_out)

    def ended(self, claim: Claim, decision: Decision, now: float, label: str, *, next_at: float | None = None) -> Item:
        """Return the changes by which an attempt's outcome is recorded; None takes an attribute away."""
        attempt = ended_under(claim.lease, decision, now=now, label=label, next_at=next_at)
        attempts = [*died_under(claim.died, unknown_at=now), attempt]
        history = HISTORY.extend(claim.history, (each.to_item() for each in attempts))
        changes: Item = {
            "state": decision.state,
            "attempts": decision.attempts,
            "calls": claim.known.calls,
            "in_doubt": decision.in_doubt,
            # The release before this one reads that name, and may still run beside this one.
            "doubt": decision.in_doubt,
            "last_answer": label,
            "reason": decision.reason,
            "updated_at": moment(now),
            "expires": self.expires(now),
            **HISTORY.attributes(history),
            **self._recipients(claim, decision, now),
            **dict.fromkeys(("lease", "lease_until", "leases")),
        }
        if claim.part.request.promotional and not decision.in_doubt:
            # Nobody was sent to: the next attempt may leave out others, too.
            changes["opted_out"] = None
        return changes

    def why_not(self, part: Part, item: Item) -> NothingToClaim:
        """Return why the part of `item` cannot be claimed."""
        if not self.fingerprints.match(part, item):
            return IdempotencyConflict()
        state = item["state"]
        if state in states.OPEN:
            return Busy(float(item.get("lease_until", 0)))
        if state == State.SPLIT:
            return Finished(state, records.smaller_parts(part, item), item.get("campaign"))
        return Finished(state, (), item.get("campaign")) if state in frozenset(State) else OtherRelease(state)

    def described(self, part: Part, opted_out: Collection[str] = ()) -> Item:
        """Return what never changes of a part."""
        sender, store_text = self.sender_of(part), self.store_text
        named = replace(part, namespace=self.namespace)
        fixed = records.describe(named, sender=sender, store_text=store_text, opted_out=opted_out)
        if part.too_large:
            fixed["recipients"] = records.bad_recipients(part)
        return fixed | self.fingerprints.attributes(part)

    def as_kept(self, part: Part, item: Item) -> Part:
        """Return a part as the table has it."""
        return records.as_kept(replace(part, namespace=self.namespace), item)

    def sender_of(self, part: Part) -> str:
        """Return the sender ID of a part that is new."""
        return part.request.sender or self.default_sender

    def expires(self, now: float) -> int:
        """Return when (epoch seconds) DynamoDB may delete an item that is written now."""
        return int(now + self.keep_seconds)

    def _opening(
        self, part: Part, state: State, now: float, reason: str | None = None, opted_out: Collection[str] = ()
    ) -> Opening:
        once = self.described(part, opted_out)
        if part.request.campaign is not None:
            # A part that is tried again keeps what its last attempt came to until this one has ended.
            once["progress"] = describe_progress(state, reason, once["recipients"])
        return Opening({"state": state, "updated_at": moment(now), "expires": self.expires(now)}, once)

    def _recipients(self, claim: Claim, decision: Decision, now: float) -> Item:
        changes: Item = {}
        if decision.outcomes or claim.opted_out:
            changes["recipients"] = records.recipients_after(claim.part, decision.outcomes, now, claim.opted_out)
        if claim.part.request.campaign is not None:
            changes["progress"] = records.progress_after(claim.part, decision, now, claim.opted_out)
        return changes


def _left_out(old: Item, asked: Collection[str]) -> frozenset[str]:
    """Return whom an attempt leaves out: those of the attempt that it repeats, else those that have opted out by now,
    and in any case those that the part was published without."""
    fixed = unpack_numbers(old["opted_out"]) if "opted_out" in old else asked
    return records.opted_out_of(old.get("recipients", {})) | frozenset(fixed)


def _under_way(item: Item, died: Sequence[Lease]) -> Known:
    """Return what the table knows of a part, this call counted.

    `died` are the claims that nobody gave back: their attempts ended between claim and outcome, so KoboMobile may have
    executed them.
    """
    return Known(
        attempts=int(item.get("attempts", 0)) + len(died),
        calls=int(item.get("calls", 0)) + len(died) + 1,
        in_doubt=bool(item.get("in_doubt", item.get("doubt", False))) or bool(died),
        first_attempt_at=float(item["first_attempt_at"]) if "first_attempt_at" in item else None,
    )
