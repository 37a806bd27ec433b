"""The messages table as an operator's `kobo dead` writes it: parts re-opened for a retry, and parts dropped.

An operator's retry is the one way out of a final state (docs/guarantees.md, "1. Once"). It keeps the request's id, the
part and so the message_uuid, and whatever doubt there is. Each write holds only if the item is as it was read.
"""

from __future__ import annotations

from typing import Any

from kobo_sms.aws.dynamodb import Expression, decode, encode
from kobo_sms.messages.parts import Part
from kobo_sms.messages.progress import describe_progress
from kobo_sms.messages.states import State
from kobo_sms.sending.attempts import DROPPED, HISTORY, RETRIED, Attempt, died_under, leases_of
from kobo_sms.sending.standing import Standing
from kobo_sms.sending.store import Store
from kobo_sms.table import moment

_DOUBTED = ", after an attempt whose answer was lost: it may or may not have been sent"


class OperatorStore(Store):
    """Reads and writes parts that have dead letters. Errors of DynamoDB pass through."""

    def find(self, request_id: str, part: str) -> Standing | None:
        """Return how a part stands now and not a moment ago, None when the table does not know it."""
        answer = self._client.get_item(TableName=self._table, Key=_key(request_id, part), ConsistentRead=True)
        return Standing(decode(answer["Item"])) if "Item" in answer else None

    def reopen(self, standing: Standing, letter: str, *, now: float) -> bool:
        """Open a part anew, its attempts counted from nothing; `letter` is the message id of the dead letter.

        A part in doubt stays in doubt. False when the item has changed since it was read.
        """
        in_doubt = standing.in_doubt
        write = self._change(standing, State.SENDING if in_doubt else State.QUEUED, RETRIED, RETRIED, now)
        write.set(attempts=0, calls=0, in_doubt=in_doubt, doubt=in_doubt).add(reopened_for={letter})
        return self._write(standing.item["id"], standing.item["part"], write)

    def end(self, standing: Standing, *, now: float) -> bool:
        """End an open part: `failed`, or `unknown` if it is in doubt. False when the item has changed since."""
        in_doubt = standing.in_doubt
        state, reason = (State.UNKNOWN, DROPPED + _DOUBTED) if in_doubt else (State.FAILED, DROPPED)
        write = self._change(standing, state, reason, DROPPED, now).set(in_doubt=in_doubt, doubt=in_doubt)
        return self._write(standing.item["id"], standing.item["part"], write)

    def end_unclaimed(self, part: Part, *, now: float) -> bool:
        """Record the end of a part that nobody has ever claimed. False when the table knows it by now."""
        opening = self._items.ended_unclaimed(part, now, DROPPED)
        write = Expression().set(**opening.always).set_once(**opening.once)
        write.where(f"attribute_not_exists({write.name('id')})")
        return self._write(part.request.id, part.name, write)

    def _change(self, standing: Standing, state: State, reason: str, label: str, now: float) -> Expression:
        item = standing.item
        events = [*died_under(leases_of(item), now), Attempt(now, label, state, attempts=0)]
        history = HISTORY.extend(HISTORY.read(item), (each.to_item() for each in events))
        write = Expression().set(state=state, reason=reason, updated_at=moment(now), expires=self._items.expires(now))
        write.set(**HISTORY.attributes(history)).remove("lease", "lease_until", "leases")
        if "campaign_shard" in item:
            write.set(progress=describe_progress(state, reason, item["recipients"]))
        write.where(f"{write.name('state')} = {write.value(standing.state)}")
        return write.where(f"{write.name('updated_at')} = {write.value(item['updated_at'])}")

    def _write(self, request_id: str, part: str, write: Expression) -> bool:
        try:
            self._client.update_item(**write.update(self._table, _key(request_id, part)))
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def _key(request_id: str, part: str) -> dict[str, Any]:
    return encode({"id": request_id, "part": part})
