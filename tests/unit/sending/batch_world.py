"""A BatchSender over a table in memory and a KoboMobile that remembers; every I/O step of either may be the last."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from kobo_sms.aws.queues import Message
from kobo_sms.campaigns.left_out import LeftOutNotes
from kobo_sms.campaigns.watch import CampaignWatch
from kobo_sms.composition.send import SendParts, assemble
from kobo_sms.kobomobile.answers import Accepted, SendAnswer
from kobo_sms.messages.lanes import Lane
from kobo_sms.messages.parts import Part
from kobo_sms.optouts.lookup import OptOutLookup
from kobo_sms.runtime import Deadline, Runtime
from kobo_sms.sending.batch import Processed, Stage, Step
from kobo_sms.sending.batch_store import BatchStore
from kobo_sms.sending.crew import Job
from kobo_sms.sending.part_items import PartItems
from kobo_sms.sending.settings import SendSettings
from kobo_sms.sending.store import Store
from kobo_sms.valve.breaker import CircuitBreaker
from kobo_sms.valve.store import ValveStore
from tests.robustness.simulation.dynamodb import FakeDynamoDB, calm

NOW, SECONDS = 1_800_000_000.0, 30.0
ITEMS = PartItems(keep_seconds=1e6, namespace="shop", default_sender="Shop")
SETTINGS = SendSettings({}, "dead", "Shop", "NG", 5, 5.0, 5.0, 60.0, 3, 120.0, "kobo")


class Death(BaseException):
    """The process ends here."""


@dataclass
class Steps:
    """Counts I/O steps; it dies before step `at`, or once that is done."""

    at: int = -1
    after: bool = False
    count: int = 0

    def around(self, effect: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **kwargs: Any) -> Any:
            here, self.count = self.count, self.count + 1
            if here == self.at and not self.after:
                raise Death
            done = effect(*args, **kwargs)
            if here == self.at:
                raise Death
            return done

        return step


class InlineCrew:
    """No threads: a job is done when it is given, a call when somebody waits; all that is given until then together."""

    def __init__(self) -> None:
        self._calls: list[Job[tuple[Stage, Step]]] = []
        self._done: list[tuple[Stage, Step]] = []

    def start(self, job: Job[tuple[Stage, Step]]) -> None:
        self._done.append(job())

    def start_call(self, job: Job[tuple[Stage, Step]]) -> None:
        self._calls.append(job)

    def finished(self, timeout: float | None = None) -> list[tuple[Stage, Step]]:
        if not self._done:
            calls, self._calls = self._calls, []
            self._done = [call() for call in calls]
        found, self._done = self._done, []
        return found


class Kobo:
    """KoboMobile: `executed` has each call that it carried out, by message_uuid; `answers` what it says to a number."""

    def __init__(self) -> None:
        self.executed: list[tuple[str, tuple[str, ...]]] = []
        self.answers: dict[str, SendAnswer] = {}
        # What happens while a request's call is under way, once.
        self.during: dict[str, Callable[[], object]] = {}

    def log_in(self) -> None:
        """Nothing to fetch."""

    def send(self, part: Part, *, sender: str) -> SendAnswer:
        assert sender == "Shop"
        answer = self.answers.get(part.request.to[0]) or Accepted(
            {number: f"id-{number}" for number in part.request.to}
        )
        if isinstance(answer, Accepted):
            self.executed.append((part.message_uuid, part.request.to))
        self.during.pop(part.request.id, lambda: None)()
        return answer


class Table(FakeDynamoDB):
    """The table; `fails` is raised by the next call of that name, once it is carried out.

    `repeated` names calls that botocore makes again, as the first answer was lost, once it has waited for that.
    """

    def __init__(self, steps: Steps) -> None:
        super().__init__(calm())
        self.calls: list[str] = []
        self.fails: dict[str, Exception] = {}
        self.repeated: set[str] = set()
        self.wait: Callable[[], object] = lambda: None
        for name in ("update_item", "batch_execute_statement"):
            setattr(self, name, steps.around(partial(self._call, name, getattr(self, name))))

    def _call(self, name: str, effect: Callable[..., Any], **arguments: Any) -> Any:
        self.calls.append(name)
        answer = effect(**arguments)
        if name in self.repeated:
            self.wait()
            answer = effect(**arguments)
        if name in self.fails:
            raise self.fails.pop(name)
        return answer


@dataclass
class World:
    """What outlives a process, and a queue's messages."""

    steps: Steps = field(default_factory=Steps)
    now: float = NOW

    def __post_init__(self) -> None:
        self.table, self.kobo = Table(self.steps), Kobo()
        self.returned: list[tuple[str, int]] = []
        self._tokens = itertools.count()
        self._client = cast("Any", self.kobo)
        self._client.send = self.steps.around(self.kobo.send)

    def deliver(self, messages: Sequence[Message]) -> list[Processed]:
        """Have a new process work a batch off."""
        deadline = Deadline(self.now + SECONDS, lambda: self.now)
        return list(self.sender().process(messages, deadline, InlineCrew))

    def stall_and_deliver(self, messages: Sequence[Message]) -> None:
        """Let the lease run out, and another process work messages off."""
        self.now += SECONDS + 2
        self.deliver(messages)

    def sender(self) -> Any:
        """Return a cold start's BatchSender."""
        table, clock = cast("Any", self.table), lambda: self.now
        valve = ValveStore(table, "messages")
        parts = SendParts(
            Store(table, "messages", ITEMS),
            BatchStore(table, "messages", ITEMS),
            self._client,
            cast("Any", self),
            CircuitBreaker(valve, lambda: None, clock, lambda low, high: high),
            None,
            CampaignWatch(table, "messages", clock),
            LeftOutNotes(table, "messages", keep_seconds=1e6),
            OptOutLookup(table, "messages", lambda seconds: None),
        )
        return assemble(parts, SETTINGS, Runtime(clock, lambda low, high: high, lambda: f"t{next(self._tokens)}"))

    def return_after(self, message: Message, seconds: int) -> None:
        """Be the queue: have a message come back."""
        self.returned.append((message.message_id, seconds))

    def item(self, request: str) -> dict[str, Any]:
        """Return a part's item."""
        (found,) = [item for item in self.table.parts() if item["id"] == request]
        return found


def message(at: int, *, receives: int = 1, **fields: Any) -> Message:
    """Return the message of the request `order-AT` to a number of its own."""
    request = {"id": f"order-{at}", "to": f"2348030100{at:03d}", "msg": f"Hello {at}"} | fields
    return Message(f"m{at}", f"r{at}", json.dumps(request), {}, NOW, Lane.BULK, receives)
