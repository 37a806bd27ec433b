"""A request as the functions would store it: its parts claimed, answered and asked about by the rooms' own stores."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kobo_sms.kobomobile.answers import Report, ReportAnswer
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.parts import Part
from kobo_sms.messages.request import BadNumber, Request
from kobo_sms.messages.states import State
from kobo_sms.reports.records import ReportWrite, rounds_with
from kobo_sms.reports.rounds import Answered, Round
from kobo_sms.reports.store import ReportStore
from kobo_sms.sending.attempts import Claim
from kobo_sms.sending.decisions import Decision, Next, Outcome
from kobo_sms.sending.part_items import PartItems
from kobo_sms.sending.records import due_shard
from kobo_sms.sending.store import Store
from kobo_sms.table import Item
from kobo_sms.valve.changes import remember
from kobo_sms.valve.state import Closed
from kobo_sms.valve.store import ValveStore
from tests.cli.conftest import Deployed

GIVE_UP = 72 * 3600.0
NOW = float(round(time.time()))
QUEUED = NOW - 3600


def numbers(count: int) -> list[str]:
    return [f"23480301{at:05d}" for at in range(count)]


def part_of(id_: str, to: Iterable[str], queued_at: float, name: str = "0", bad: Iterable[BadNumber] = ()) -> Part:
    return Part(Request(id_, tuple(to), "Hello", tuple(bad)), queued_at, name)


@dataclass
class Life:
    """Stores what happens to parts on a stack; moments in epoch seconds."""

    deployed: Deployed
    lane: Lane | None = Lane.PRIORITY
    tokens: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        connection = self.deployed.connection
        client, table = connection.dynamodb, connection.variables["KOBO_TABLE"]
        self.store = Store(client, table, PartItems(keep_seconds=86_400, default_sender="Shop"))
        self.reports = ReportStore(client, table, keep_seconds=86_400)
        self.valve = ValveStore(client, table)

    def claim(self, part: Part, at: float, *, probe: bool = False, lasts: float = 31.0) -> Claim:
        self.tokens["claims"] += 1
        token = f"token-{self.tokens['claims']}"
        claim = self.store.claim(part, token=token, now=at, until=at + lasts, lane=self.lane, probe=probe)
        assert isinstance(claim, Claim)
        return claim

    def attempt(
        self, part: Part, at: float, answer: str, decision: Decision, *, again: float | None = None, probe: bool = False
    ) -> None:
        """Claim the part, and record an answer that came half a second later."""
        claim = self.claim(part, at, probe=probe)
        if decision.next is Next.SPLIT:
            assert self.store.split(claim, decision, now=at + 0.5, label=answer)
            return
        sent = any(outcome.msgid for outcome in decision.outcomes.values())
        due = (due_shard(part), at + 120) if sent else None
        self.store.record(claim, decision, now=at + 0.5, label=answer, due=due, next_at=again)

    def accept(self, part: Part, at: float) -> None:
        """Claim the part, and have it accepted with ids."""
        outcomes = {number: Outcome(msgid=f"id-{number}") for number in part.request.to}
        self.attempt(part, at, "ids", Decision(State.SENT, Next.DONE, attempts=1, outcomes=outcomes))

    def report(self, part: Part, at: float, answers: Mapping[str, ReportAnswer], *, again: float | None) -> None:
        """Hear `answers` about numbers of the part."""
        item = self.item(part)
        each = Round(item, GIVE_UP, {number: Answered(answer, at) for number, answer in answers.items()})
        outcome, rounds = each.outcome(item), rounds_with(item, each.asked(at + 0.25, again))
        recipients = outcome.recipients
        assert self.reports.record_reports(ReportWrite(item, recipients, at + 0.25, again, rounds=rounds)) is None

    def hear(self, part: Part, at: float, word: str, *, again: float | None = None) -> None:
        """Hear the same about every number."""
        self.report(part, at, dict.fromkeys(part.request.to, Report(word)), again=again)

    def set_valve(self, closed: Mapping[Lane, Closed], at: float, *, remembers: bool = True) -> None:
        """Close and open lanes as check_credit does; a release that does not remember it if told so."""
        known = self.valve.read()
        changes = remember(known.changes, known.valve.closed, closed, at) if remembers else None
        assert self.valve.write(replace(known.valve, closed=closed), known.version, changes=changes)

    def item(self, part: Part) -> Item:
        (item,) = self.reports.get_many([(part.request.id, part.name)])
        return item

    def edit(self, part: Part, *removed: str, **attributes: Any) -> None:
        """Change the item of a part behind the functions' backs."""
        item = self.item(part) | attributes
        self.deployed.put(**{name: value for name, value in item.items() if name not in removed})


def again(state: str = State.QUEUED, attempts: int = 1) -> Decision:
    return Decision(state, Next.RETRY, "a reason of its own", attempts)


def why(life: Life, *arguments: str) -> list[dict[str, Any]]:
    """Return the rows that `kobo why --json` prints."""
    rows: list[dict[str, Any]] = life.deployed.json("why", *arguments)
    return rows


def whats(rows: list[dict[str, Any]]) -> list[str]:
    return [row["what"] for row in rows]


def the(rows: list[dict[str, Any]], what: str) -> dict[str, Any]:
    """Return the only row that says `what`."""
    (row,) = (row for row in rows if row["what"] == what)
    return row
