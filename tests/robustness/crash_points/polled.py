"""Parts whose reports are due, polled by invocations that die or meet, and what must hold afterwards."""

from __future__ import annotations

import itertools
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from kobo_sms.aws.dynamodb import encode
from kobo_sms.kobomobile.answers import Accepted
from kobo_sms.kobomobile.client import Credentials, KoboClient
from kobo_sms.messages.parts import Part
from kobo_sms.messages.request import Request
from kobo_sms.reports.counts import Counts
from kobo_sms.reports.rounds import is_pending
from kobo_sms.reports.store import ReportStore
from kobo_sms.sending.attempts import Claim
from kobo_sms.sending.decisions import Decision, Next, Outcome
from kobo_sms.sending.store import Store
from kobo_sms.table import REPORTS_ID, STATS_ID, Item
from tests.robustness.crash_points.invocations import Invocation, Point
from tests.robustness.crash_points.lives import PASSWORD, USER, World

# Longer than a lease: an invocation has 30 seconds.
PAUSE = 40.0
# Of the test's own: other tests leave parts in the deployed ones.
SHARDS = ("faults-0", "faults-1", "faults-2")
FOREVER = "2348030009105"
_REPORTED = {"DELIVRD": "delivered", "UNDELIV": "undelivered", "UNDELIV_DND": "do_not_disturb"}
_runs = itertools.count(1)


class Login:
    """Credentials without a secret."""

    def current(self) -> tuple[str, str]:
        return USER, PASSWORD


@dataclass
class Polled:
    """A world in which only what this run has sent is due; its sender ID tells it apart in counters, the place in the
    log where it began in metrics."""

    world: World
    store: Store
    run: str = field(default_factory=lambda: f"poll{next(_runs)}")
    parts: list[Part] = field(default_factory=list)
    offset: float = 0.0
    steps: list[str] = field(default_factory=list)
    spoiled: set[str] = field(default_factory=set)
    logged: int = 0

    def begin(self) -> None:
        self.logged = self.world.runner.log.stat().st_size
        mock = self.world.mock
        mock.reset()
        mock.set_account(user=USER, password=PASSWORD, balance=1_000_000)
        mock.set_clock(delivery_seconds=0)
        for shard in SHARDS:
            self._forget(shard)

    def sent(self, *recipients: Sequence[str]) -> None:
        """Have one part sent to each of these, their reports due since some seconds."""
        for at, numbers in enumerate(recipients):
            part = Part(Request(f"{self.run}-{at}", tuple(numbers), "Hello", sender=self.run), time.time() - 60)
            claim = self.store.claim(part, token="sent", now=time.time() - 30, until=time.time())
            assert isinstance(claim, Claim)
            outcomes = {number: Outcome(msgid=msgid) for number, msgid in self._send(part).items()}
            decision = Decision("sent", Next.DONE, attempts=1, outcomes=outcomes)
            # Apart from each other, so that they come in this order, and in as many shards.
            due = SHARDS[at], time.time() - 20 + at
            self.store.record(claim, decision, now=time.time() - 30, label="ids", due=due)
            self.parts.append(part)

    def spoil(self, at: int) -> None:
        """Take from a part that was sent what it cannot be polled without."""
        id_ = self.parts[at].request.id
        key = encode({"id": id_, "part": "0"})
        self.world.dynamodb.update_item(TableName=self.world.table, Key=key, UpdateExpression="REMOVE sent_at")
        self.spoiled.add(id_)

    def poll(self, point: Point | None = None, *, dies: bool = True) -> Invocation:
        """Invoke poll_reports, to its end, its death or its halt at `point`."""
        invocation = self.world.runner.start({}, self.offset, point, dies=dies)
        self.steps += invocation.steps
        return invocation

    def drain(self) -> None:
        """Invoke poll_reports, past every lease and every gap, until it has nothing more to ask."""
        for _ in range(3):
            self.offset += PAUSE
            assert self.poll().ended == "returned"
            if not any(is_pending(known) and number != FOREVER for number, known in self.recipients()):
                return

    def recipients(self) -> list[tuple[str, Item]]:
        return [pair for item in self.items() for pair in item["recipients"].items()]

    def items(self) -> list[Item]:
        return [item for part in self.parts for item in self.world.items(part.request.id)]

    def broken(self, *, lost: bool) -> list[str]:
        """Return what does not hold; `lost`: whether counters and metrics may have lost what a process had counted."""
        return [*self._parts_wrong(), *self._leases_wrong(), *self._counts_wrong(lost)]

    def _parts_wrong(self) -> Iterator[str]:
        words = {sms["to"]: sms["status"] for sms in self.world.mock.messages}
        for item in self.items():
            if item["id"] in self.spoiled:
                yield from self._not_put_off(item)
                continue
            pending = [number for number, known in item["recipients"].items() if is_pending(known)]
            if bool(pending) != ("due_at" in item):
                yield f"{item['id']} waits for {pending} and is due at {item.get('due_at')}"
            for number, known in item["recipients"].items():
                if known.get("state") != _REPORTED.get(words[number].split()[0]):
                    yield f"an answer is lost: KoboMobile says {words[number]}, the table {known}"

    def _not_put_off(self, item: Item) -> Iterator[str]:
        if float(item["due_at"]) < time.time() + 200 or item["put_off"] != 1:
            yield f"{item['id']}: put off {item.get('put_off')} times, until {item['due_at']}"

    def _leases_wrong(self) -> Iterator[str]:
        # A dead holder's stays, and keeps nobody out any more.
        now = time.time() + self.offset
        held = [item for item in self.world.items(REPORTS_ID) if float(item.get("lease_until", 0)) > now]
        yield from (f"a lease is left: {item}" for item in held)

    def _counts_wrong(self, lost: bool) -> Iterator[str]:
        ended = Counter(str(known["state"]) for _, known in self.recipients() if "state" in known)
        right = {"Delivered": ended["delivered"], "NotDelivered": ended.total() - ended["delivered"]}
        for where, found in (("counters", self._counters()), ("metrics", self._metrics())):
            for name, count in right.items():
                if found[name] > count or (found[name] < count and not lost):
                    yield f"{name}: {count}, the {where} say {found[name]}"

    def _counters(self) -> Counter[str]:
        counts, found = Counts(), Counter[str]()
        for item in self.world.items(STATS_ID):
            counts.take_item(item)
        for end, count in counts.ends.items():
            if end.sender == self.run:
                found["Delivered" if end.state == "delivered" else "NotDelivered"] += count
        return found

    def _metrics(self) -> Counter[str]:
        found = Counter[str]()
        for line in self.world.runner.log.read_bytes()[self.logged :].decode(errors="replace").splitlines():
            if '"network":"' in line:
                document = json.loads(line)
                found.update({name: int(sum(document.get(name, ()))) for name in ("Delivered", "NotDelivered")})
        return found

    def _send(self, part: Part) -> dict[str, str]:
        client = KoboClient(self.world.mock.base_url, cast("Credentials", Login()), timeout=10, connections=1)
        answer = client.send(part, sender=self.run)
        assert isinstance(answer, Accepted)
        return answer.ids

    def _forget(self, shard: str) -> None:
        """Take what a test before has left off the index, and free the shard."""
        dynamodb, table = self.world.dynamodb, self.world.table
        reports = ReportStore(dynamodb, table, keep_seconds=86_400.0)
        for _, (id_, part) in reports.due(shard, now=time.time() + 1e6, limit=100).due:
            key = encode({"id": id_, "part": part})
            dynamodb.update_item(TableName=table, Key=key, UpdateExpression="REMOVE due_at, due_shard")
        dynamodb.delete_item(TableName=table, Key=encode({"id": REPORTS_ID, "part": f"shard-{shard}"}))
