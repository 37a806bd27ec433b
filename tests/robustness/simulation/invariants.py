"""What must hold once a world has come to rest (guarantees 1 to 3)."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from kobo_sms.errors import InvalidRequest
from kobo_sms.messages import states
from kobo_sms.messages.parts import MAX_NUMBERS, Part
from kobo_sms.messages.request import Request, conceal, parse
from kobo_sms.messages.states import State
from kobo_sms.sending.decisions import MAX_CALLS_OF_AN_ORIGIN
from tests.robustness.simulation.functions import FINGERPRINTS
from tests.robustness.simulation.publications import DAY, SECRET_TEXT
from tests.robustness.simulation.world import World

SENT = states.FROM_A_REPORT | {State.SENT}
NEVER_SENT = {State.REJECTED, State.FAILED, State.LAPSED, State.CANCELLED}
_MAX_ITEM = 400_000
# Reasons that tell by themselves why nobody can know.
_NO_IDS = "missing from the message ids"
_TOO_LATE = "first tried 29 days ago"
_GIVEN_UP = (_TOO_LATE, "waited 13 days", "given up after")
_NO_REPORT = "no final report within"
# KoboMobile keeps an id for 30 days: that it does not know a younger one any more would be wrong.
_FORGOTTEN, _KEPT = "KoboMobile does not know the message id", 30 * DAY


class Verdict:
    """The state of one recipient at the end, with what is needed to judge it."""

    def __init__(self, item: dict[str, Any], known: dict[str, Any]) -> None:
        self.item, self.known = item, known
        self.state: str = known.get("state", item["state"])
        self.reason: str = known.get("reason", item.get("reason", ""))
        self.where = f"{item['id']}/{item['part']}"

    @property
    def sent(self) -> bool:
        """Whether the table says that KoboMobile took it."""
        reported = self.reason.startswith((_NO_IDS, _NO_REPORT)) or self._forgotten
        return self.state in SENT or (self.state == State.UNKNOWN and reported)

    @property
    def _forgotten(self) -> bool:
        """Whether it was asked about until KoboMobile had forgotten it, as a part is that is taken up after weeks."""
        if not self.reason.startswith(_FORGOTTEN):
            return False
        return float(self.known["at"]) - float(self.item["first_attempt_at"]) >= _KEPT


class Inspection:
    """Looks through a world at rest; `violations` yields what is wrong with it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._items = {(item["id"], item["part"]): item for item in world.dynamodb.parts()}
        self._executed: dict[str, Counter[str]] = defaultdict(Counter)
        self._cost: dict[str, Decimal] = defaultdict(Decimal)
        for sms in world.kobo.executed():
            self._executed[sms["message_uuid"]][sms["to"]] += 1
            self._cost[sms["message_uuid"]] += Decimal(str(sms["cost"]))
        self._price = world.kobo.mock.gateway.account.page_price

    def violations(self) -> list[str]:
        """Return everything that does not hold."""
        checks = (self._queues, self._requests, self._parts, self._buried, self._money, self._origins, self._privacy)
        return [*self._world.ledger.violations, *(found for check in checks for found in check())]

    def _queues(self) -> Iterator[str]:
        sqs = self._world.sqs
        yield from (f"{one.id} was deleted for its age" for one in sqs.lost)
        yield from (f"{one.id} is still queued" for one in sqs.messages.values())
        for dead in sqs.dead:
            if dead.redriven and self._world.scenario.max_receives >= 1000:
                yield f"{dead.id} was taken away by SQS after {dead.receives - 1} receives, without a reason"
            elif not dead.redriven and not dead.attributes.get("Reason"):
                yield f"dead without a reason: {dead.attributes}"

    def _requests(self) -> Iterator[str]:
        """No loss: each publication is in the table, every recipient in a final state, or dead with its reason."""
        # A copy may be dead-lettered as a repeat under the id that the operator gave it.
        dead = {(one.body, one.attributes.get("Reason", "")) for one in self._world.sqs.dead}
        for publication, message_id in self._world.published:
            buried = [reason for body, reason in dead if _same(body, conceal(publication.body))]
            try:
                request = parse(publication.body, region="NG", default_id=message_id)
            except InvalidRequest:
                if not buried:
                    yield f"{message_id}: invalid, but not dead-lettered"
                continue
            root = self._items.get((request.id, "0"))
            if root is None:
                yield f"{request.id}: not in the table"
            elif not FINGERPRINTS.match(Part(request, 0.0), root):
                if not any("used before" in reason for reason in buried):
                    yield f"{request.id}: other content, but not dead-lettered"
            else:
                yield from self._recipients(request)

    def _recipients(self, request: Request) -> Iterator[str]:
        part = Part(request, 0.0)
        found = Counter(number for leaf in self._leaves(part) for number in leaf["recipients"])
        wanted = Counter([*request.to, *{bad.raw for bad in request.bad}])
        if found != wanted:
            missing, extra = (wanted - found).total(), (found - wanted).total()
            yield f"{request.id}: {missing} recipients missing, {extra} extra"

    def _leaves(self, part: Part) -> Iterator[dict[str, Any]]:
        item = self._items.get((part.request.id, part.name))
        if item is None:
            return
        if item["state"] != State.SPLIT:
            yield item
            return
        yield item | {"recipients": {number: {} for number, known in item["recipients"].items() if "state" in known}}
        for child in part.chunks() if len(part.request.to) > MAX_NUMBERS else part.halves():
            yield from self._leaves(child)

    def _parts(self) -> Iterator[str]:
        for item in self._items.values():
            where = f"{item['id']}/{item['part']}"
            if {"lease", "lease_until", "leases", "due_at", "due_shard"} & item.keys():
                yield f"{where}: a lease or a due report is left"
            if item["state"] in states.OPEN:
                yield f"{where}: still {item['state']}"
            if len(json.dumps(item, default=str)) > _MAX_ITEM:
                yield f"{where}: too large an item"
            yield from self._once(item)
            yield from self._patience(item, where)

    def _once(self, item: dict[str, Any]) -> Iterator[str]:
        executed = self._executed[item["message_uuid"]]
        for number, known in item["recipients"].items():
            verdict = Verdict(item, known)
            times = executed[number]
            if times > 1:
                yield f"{verdict.where}: {number} was sent {times} times"
            if verdict.sent and times != 1:
                yield f"{verdict.where}: {number} is {verdict.state} ({verdict.reason}) but was sent {times} times"
            if (verdict.state in NEVER_SENT or item["state"] == State.SPLIT) and times:
                yield f"{verdict.where}: {number} is {verdict.state} ({verdict.reason}) but was sent"
            if verdict.state == State.UNKNOWN and not verdict.sent and not self._doubted(item):
                yield f"{verdict.where}: {number} is unknown ({verdict.reason}) though no answer was lost"
            if verdict.state == State.SENT and (known.get("msgid") or "without message ids" not in verdict.reason):
                yield f"{verdict.where}: {number} is left sent, without a final report"

    def _doubted(self, item: dict[str, Any]) -> bool:
        if item.get("reason", "").startswith(_TOO_LATE):
            return True
        return bool({item["message_uuid"], f"{item['id']}/{item['part']}"} & self._world.ledger.doubted)

    def _buried(self) -> Iterator[str]:
        """What was given up is in the dead-letter queue too."""
        dead = {(one.attributes.get("RequestId"), one.attributes.get("KoboPart")) for one in self._world.sqs.dead}
        for item in self._items.values():
            given_up = item["state"] == State.FAILED or item.get("reason", "").startswith(_GIVEN_UP)
            if given_up and (item["id"], item["part"]) not in dead:
                yield f"{item['id']}/{item['part']}: {item['state']} ({item.get('reason')}), but not dead-lettered"

    def _patience(self, item: dict[str, Any], where: str) -> Iterator[str]:
        tried = self._world.ledger.tried
        times, most = tried[item["message_uuid"]] + tried[where], self._world.scenario.max_attempts
        if "given up after" in item.get("reason", "") and times < most:
            yield f"{where}: given up after {times} attempts that count, not {most}"

    def _money(self) -> Iterator[str]:
        """What KoboMobile charged is what the table says was sent, and what went out where nobody can know."""
        said = Decimal(0)
        for item in self._items.values():
            sent = sum(Verdict(item, known).sent for known in item["recipients"].values())
            said += item["pages"] * self._price * sent
            if item["state"] == State.UNKNOWN:
                said += self._cost[item["message_uuid"]]
        if self._world.kobo.charged() != said:
            yield f"KoboMobile charged {self._world.kobo.charged()}, the table says {said}"
        if self._world.kobo.charged() != sum(self._cost.values()):
            yield "the mock's own books do not balance"

    def _origins(self) -> Iterator[str]:
        asked: Counter[tuple[str, str]] = Counter()
        for item in self._items.values():
            asked[item["id"], item["origin"]] += item["message_uuid"] in self._world.ledger.called
        for (id_, origin), count in asked.items():
            if count > MAX_CALLS_OF_AN_ORIGIN:
                yield f"{id_}/{origin}: {count} calls with ever fewer numbers"
        unknown = set(self._executed) - {item["message_uuid"] for item in self._items.values()}
        if unknown:
            yield f"{len(unknown)} calls were executed for no part of the table"
        total: Counter[tuple[str, str]] = Counter()
        for item in self._items.values():
            for number, times in self._executed[item["message_uuid"]].items():
                total[item["id"], number] += times
        yield from (f"{id_}: {number} was sent {times} times" for (id_, number), times in total.items() if times > 1)

    def _privacy(self) -> Iterator[str]:
        if any(item.get("text") == SECRET_TEXT for item in self._items.values()):
            yield "the table keeps a sensitive text"
        if any(SECRET_TEXT in dead.body for dead in self._world.sqs.dead if not dead.redriven):
            yield "the dead-letter queue keeps a sensitive text"


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        first, second = json.loads(one), json.loads(other)
    except ValueError:
        return False
    if not isinstance(first, dict) or not isinstance(second, dict):
        return False
    return first == second or {name: value for name, value in first.items() if name != "id"} == second
