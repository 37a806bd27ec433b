"""A gateway that a test drives, and parts whose reports are due, for tests of the poller's runs."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kobo_sms.aws.dynamodb import encode
from kobo_sms.kobomobile.answers import Lost, Refused, Report, ReportAnswer
from kobo_sms.reports.counts import Tally
from kobo_sms.runtime import Deadline
from kobo_sms.table import Item, moment

if TYPE_CHECKING:
    from kobo_sms.reports.poller import Poller
    from tests.integration.conftest import Clock, Stack

DELIVERED, DOWN = Report("DELIVRD"), Refused("error_gw")
NUMBERS = tuple(f"23480301{at:05d}" for at in range(40))


@dataclass
class Gateway:
    """Answers as told, by message id or to all, and keeps who asked in which order."""

    answer: ReportAnswer = DELIVERED
    answers: dict[str, ReportAnswer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def log_in(self) -> None:
        pass

    def report(self, msgid: str) -> ReportAnswer:
        self.asked.append(msgid)
        return self.answers.get(msgid, self.answer)


@dataclass
class FlakyGateway(Gateway):
    """Loses a share of its answers, the same ones whatever the order of the calls."""

    losing: float = 0.0
    seed: int = 0

    def report(self, msgid: str) -> ReportAnswer:
        answer = super().report(msgid)
        time = Counter(self.asked)[msgid]
        return Lost("timeout") if random.Random(f"{self.seed} {msgid} {time}").random() < self.losing else answer


def put(aws: Stack, clock: Clock, id_: str, *numbers: str, due: float = -1.0, shard: str = "0", **changed: Any) -> None:
    """Put a part into the table whose reports are due; a recipient's message id is `ID-NUMBER`. `changed` attributes
    are as the test wants them, None for none."""
    known = {number: {"msgid": f"{id_}-{number}"} for number in numbers or NUMBERS[:1]}
    at = {"due_at": clock.now + due, "sent_at": clock.now - 120, "updated_at": clock.now - 120}
    item = {"id": id_, "part": "0", "state": "sent", "from": "Shop", "recipients": known, "due_shard": shard}
    wanted = {name: value for name, value in (item | at | changed).items() if value is not None}
    aws.dynamodb.put_item(TableName="messages", Item=encode(as_kept(wanted)))


def as_kept(item: dict[str, Any]) -> dict[str, Any]:
    """Return `item` with numbers as the table keeps them."""
    return {name: moment(value) if isinstance(value, float) else value for name, value in item.items()}


def run(poller: Poller, clock: Clock, shard: int = 0) -> Tally:
    return poller.run(Deadline.in_seconds(60, clock), shard)


def parts(aws: Stack) -> dict[str, Item]:
    return {item["id"]: item for item in aws.items() if not item["id"].startswith("~")}


def finals(aws: Stack) -> int:
    """Return how many recipients are final."""
    return sum("state" in known for item in parts(aws).values() for known in item["recipients"].values())


def due_of(aws: Stack) -> dict[str, float | None]:
    return {id_: float(item["due_at"]) if "due_at" in item else None for id_, item in parts(aws).items()}
