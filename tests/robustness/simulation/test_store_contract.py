"""The DynamoDB in memory is a DynamoDB: the same random calls of the Store give the same results on moto's."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest

from kobo_sms.aws.dynamodb import decode
from kobo_sms.aws.statements import send_as_encoded
from kobo_sms.credit.alerts import Alert
from kobo_sms.credit.store import CreditStore, Pending
from kobo_sms.errors import LostClaim
from kobo_sms.messages.lanes import LANES, Lane
from kobo_sms.messages.parts import Part
from kobo_sms.messages.request import BadNumber, Request
from kobo_sms.messages.states import State
from kobo_sms.reports.counts import Counts
from kobo_sms.reports.records import AskedRound, Key, ReportWrite, rounds_with
from kobo_sms.reports.rounds import Ended
from kobo_sms.reports.store import ReportStore, StatsStore
from kobo_sms.sending.attempts import Claim
from kobo_sms.sending.decisions import Decision, Next, Outcome
from kobo_sms.sending.part_items import PartItems
from kobo_sms.sending.records import due_shard
from kobo_sms.sending.store import Store
from kobo_sms.table import Item
from kobo_sms.valve.call_window import CallWindow, slot_of
from kobo_sms.valve.changes import remember
from kobo_sms.valve.signals import ACCEPTED, CREDIT, GATEWAY, FailureSignal
from kobo_sms.valve.state import ClosedForCredit, ClosedForFault, Opened, Valve
from kobo_sms.valve.store import ValveStore
from tests.in_process_aws import in_process_aws
from tests.robustness.crash_points.check_stores import MemoryValve
from tests.robustness.simulation.dynamodb import FakeDynamoDB, calm
from tests.statement_contract import check_statements

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "part", "KeyType": "RANGE"}]
INDEX = [{"AttributeName": "due_shard", "KeyType": "HASH"}, {"AttributeName": "due_at", "KeyType": "RANGE"}]
TYPES = {"id": "S", "part": "S", "due_shard": "S", "due_at": "N"}
SYMPTOMS = (CREDIT, GATEWAY)
NUMBERS = tuple(f"23480301000{at:02d}" for at in range(4))


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDBClient]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with in_process_aws():
        client = boto3.session.Session(region_name="eu-west-1").client("dynamodb")
        index = {"IndexName": "due", "KeySchema": INDEX, "Projection": {"ProjectionType": "KEYS_ONLY"}}
        client.create_table(
            TableName="messages",
            KeySchema=cast("Any", KEY),
            AttributeDefinitions=cast("Any", [{"AttributeName": a, "AttributeType": t} for a, t in TYPES.items()]),
            GlobalSecondaryIndexes=cast("Any", [index]),
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


class Caller:
    """Makes random calls of one Store; the same seed makes the same calls, as long as their results are the same."""

    def __init__(self, client: Any, seed: int) -> None:
        self._rng = random.Random(seed)
        self._store = Store(client, "messages", PartItems(keep_seconds=2_592_000, default_sender="KoboSMS"))
        self._reports = ReportStore(client, "messages", keep_seconds=2_592_000)
        self._stats = StatsStore(client, "messages", keep_seconds=2_592_000)
        self._now = 1_800_000_000.0
        self._claims: list[Claim] = []
        self._keys: list[tuple[str, str]] = []

    def step(self) -> object:
        """Make one call and return what came of it."""
        self._now += self._rng.choice((0.0, 1.0, 40.0))
        calls: tuple[Callable[[], object], ...] = (self._claim, self._claim, self._record, self._split, self._root)
        return self._rng.choice((*calls, self._due, self._report, self._lease, self._count))()

    def _part(self) -> Part:
        rng = self._rng
        numbers = NUMBERS[: rng.randint(1, 4)] if rng.random() < 0.2 else NUMBERS
        bad = (BadNumber("0803", "too short"),) if rng.random() < 0.1 else ()
        request = Request(rng.choice("ab"), numbers, "Hello", bad, sensitive=rng.random() < 0.2)
        part = Part(request, 1_800_000_000.25)
        for _ in range(rng.choice((0, 0, 1, 2))):
            part = rng.choice([*part.halves(), part])
        self._keys.append((part.request.id, part.name))
        return part

    def _claim(self) -> object:
        token = self._rng.choice("xyz")
        lane, probe = self._rng.choice((Lane.BULK, None)), self._rng.random() < 0.2
        until = self._now + 31
        found = self._store.claim(self._part(), token=token, now=self._now, until=until, lane=lane, probe=probe)
        if isinstance(found, Claim):
            self._claims.append(found)
        return found

    def _decision(self, state: str, next_: Next) -> Decision:
        outcomes = {number: Outcome(msgid=f"id-{number}") for number in NUMBERS[: self._rng.randint(0, 4)]}
        reason = self._rng.choice((None, "because"))
        return Decision(state, next_, reason, self._rng.randint(0, 5), self._rng.random() < 0.5, outcomes=outcomes)

    def _record(self) -> object:
        if not self._claims:
            return None
        claim = self._rng.choice(self._claims)
        decision = self._decision(self._rng.choice((State.SENT, State.QUEUED, State.HELD)), Next.DONE)
        due = (due_shard(claim.part), self._now + 120) if decision.state == State.SENT else None
        again = self._now + 7 if decision.state != State.SENT else None
        try:
            self._store.record(claim, decision, now=self._now, label="ids", due=due, next_at=again)
        except LostClaim as lost:
            return str(lost)
        return decision

    def _split(self) -> object:
        if not self._claims:
            return None
        claim, decision = self._rng.choice(self._claims), self._decision(State.SPLIT, Next.SPLIT)
        origin = self._get((claim.part.request.id, claim.part.origin))
        if claim.part.name != claim.part.origin and "halved" not in (origin or {}):
            return "no half without a halved origin, and moto cannot take the size of nothing"
        try:
            return self._store.split(claim, decision, now=self._now, label="error_param")
        except LostClaim as lost:
            return str(lost)

    def _root(self) -> object:
        numbers = tuple(f"23480302{at:05d}" for at in range(501))
        return self._store.split_root(Part(Request(self._rng.choice("abc"), numbers, "Hello"), 5.0), now=self._now)

    def _get(self, key: Key) -> Item | None:
        return next(iter(self._reports.get_many([key])), None)

    def _due(self) -> object:
        pages = [self._reports.due(str(shard), now=self._now, limit=2) for shard in range(8)]
        # Only DynamoDB may say that there is more when there is not.
        more = [self._reports.due("0", now=self._now, limit=2, start=page.more).due for page in pages[:1] if page.more]
        return [page.due for page in pages], more

    def _lease(self) -> object:
        shard, token = self._rng.choice("01"), self._rng.choice("xyz")
        if self._rng.random() < 0.3:
            self._reports.give_back(shard, token=token)
            return None
        return self._reports.lease(shard, token=token, now=self._now, until=self._now + 60)

    def _count(self) -> object:
        counts = Counts()
        counts.add([Ended(State.DELIVERED, None, "MTN", "Shop|1", 0.0, self._rng.choice((3.0, 200.0)))])
        self._stats.add(counts, token=self._rng.choice("xyz"), now=self._now)
        return list(self._stats.since(self._now - 3600))

    def _report(self) -> object:
        item = self._get(self._rng.choice(self._keys)) if self._keys else None
        if item is None or "due_at" not in item:
            return item
        if self._rng.random() < 0.2:
            item["due_at"] -= 1
        next_due = self._rng.choice((None, self._now + 60))
        rounds = rounds_with(item, AskedRound(self._now, {"DELIVRD": 1}, next_due))
        write = ReportWrite(item, item["recipients"], self._now, next_due, rounds=rounds)
        together = self._rng.random() < 0.5
        return self._reports.record_together([write]) if together else self._reports.record_reports(write)


class CheckCaller:
    """The same of what check_credit and the operator write: sets, versions, whole items."""

    def __init__(self, client: Any, seed: int, valves: ValveStore | MemoryValve | None = None) -> None:
        self._rng = random.Random(seed)
        self._valves = valves or ValveStore(client, "messages")
        self._accounts = CreditStore(client, "messages", keep_seconds=9)
        self._now = 1_800_000_000.0

    def step(self) -> object:
        """Make one call and return what came of it."""
        self._now += self._rng.choice((0.0, 1.0, 40.0))
        calls = (self._report, self._report, self._decide, self._note, self._read, self._reading, self._account)
        return self._rng.choice(calls)()

    def _window(self) -> CallWindow:
        lane, symptom = self._rng.choice(LANES), self._rng.choice(SYMPTOMS)
        at = self._now - self._rng.choice((0.0, 7.0, 300.0))
        signal = FailureSignal(at, symptom, lane, f"someone{self._rng.randrange(3)}", 2)
        return CallWindow({(slot_of(at), lane, symptom): self._rng.randint(1, 9)}, frozenset({signal}))

    def _report(self) -> object:
        known = self._valves.read().window
        return self._valves.report(self._window().fresh(self._now), known.stale(self._now), self._now)

    def _decide(self) -> object:
        known = self._valves.read()
        lanes = self._rng.sample(LANES, self._rng.randint(0, 2))
        kinds = (ClosedForFault(GATEWAY, self._now, probe_at=1.5), ClosedForCredit(self._now, balance=Decimal("1.50")))
        closed = {lane: self._rng.choice(kinds) for lane in lanes}
        valve = Valve(closed, known.valve.holds, {}, {Lane.BULK: Opened(self._now, 60.0)}, closed)
        version = known.version - self._rng.choice((0, 0, 1))
        changes = remember(known.changes, known.valve.closed, closed, self._now)
        return self._valves.write(valve, version, known.window.stale(self._now), changes)

    def _note(self) -> object:
        self._valves.note_mappings({Lane.BULK: self._rng.choice(("Enabled", "Disabling"))}, self._now)
        return None

    def _read(self) -> object:
        known = self._valves.read()
        return known, known.changes, self._accounts.read()

    def _reading(self) -> object:
        self._accounts.record_balance(Decimal(self._rng.randrange(9)), now=self._now)
        return None

    def _account(self) -> object:
        account = self._accounts.read()
        pending = (Pending("credit-low", Alert("low", "credit", "ok", self._now), self._now + 5),)
        version = account.version - self._rng.choice((0, 0, 1))
        since = self._rng.choice((None, self._now))
        return self._accounts.write(
            replace(account, checked_at=self._now, unanswered_since=since, pending=pending, version=version)
        )


@pytest.mark.parametrize("seed", range(2))
def test_the_valve_in_memory_of_the_faults_does_the_same(seed: int, moto: DynamoDBClient) -> None:
    in_memory, on_moto = CheckCaller(FakeDynamoDB(calm()), seed, MemoryValve()), CheckCaller(moto, seed)
    for _ in range(150):
        assert in_memory.step() == on_moto.step()


def test_both_refuse_to_add_to_what_the_same_write_takes_away(moto: DynamoDBClient) -> None:
    window = CallWindow({(slot_of(1_800_000_000.0), Lane.BULK, ACCEPTED): 2})
    clients: tuple[Any, ...] = (FakeDynamoDB(calm()), moto)
    for client in clients:
        store = ValveStore(client, "messages")
        store.report(window, CallWindow(), 1_800_000_000.0)
        with pytest.raises((ValueError, moto.exceptions.ClientError), match=r"(?i)two document paths overlap"):
            store.report(window, window, 1_800_000_000.0)
        assert store.read().window == window


@pytest.mark.parametrize("caller", [Caller, CheckCaller])
@pytest.mark.parametrize("seed", range(5))
def test_both_do_the_same(seed: int, caller: type[Caller] | type[CheckCaller], moto: DynamoDBClient) -> None:
    fake = FakeDynamoDB(calm())
    in_memory, on_moto = caller(fake, seed), caller(moto, seed)

    for _ in range(150):
        assert in_memory.step() == on_moto.step()

    kept = [decode(item) for item in moto.scan(TableName="messages")["Items"]]
    assert fake.all() == sorted(kept, key=lambda item: (item["id"], item["part"]))
    assert kept


def test_both_carry_out_statements_as_dynamodb_does(moto: DynamoDBClient) -> None:
    check_statements(moto, "messages", "moto")
    check_statements(send_as_encoded(moto), "messages", "encoded")
    check_statements(cast("Any", FakeDynamoDB(calm())), "messages", "memory")
