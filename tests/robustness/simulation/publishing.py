"""publish_status, real, over an AWS that refuses, fails and lets it die."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import publish_status.handler
from kobo_sms.composition.events import EventApp, EventClients
from kobo_sms.events.publisher import Publisher
from local_aws.stream_shard import Record
from tests.robustness.simulation.chaos import Chaos, Crash
from tests.robustness.simulation.hardship import Hardship
from tests.robustness.telling.changes import moment_of
from tests.robustness.telling.outside import QUEUE, TABLE, Outside, throttled
from tests.robustness.telling.stream import Image, handed_out

if TYPE_CHECKING:
    from tests.robustness.simulation.world import World

ENVIRONMENT = {
    "STACK_NAME": "kobo-sms",
    "KOBO_TABLE": TABLE,
    "UNPUBLISHED_QUEUE_URL": QUEUE,
    "FIND_BY_NUMBER": "true",
}
# template.yaml's time-out.
SECONDS = 60.0
# A logger and metrics that cost nothing.
SILENT: Any = SimpleNamespace(info=lambda *_, **__: None, error=lambda *_, **__: None)
UNCOUNTED: Any = SimpleNamespace(add_metric=lambda *_: None, metric_set={})
Maker = Callable[..., Publisher]
_CALLS = {
    "put_events": "events.put_events",
    "batch_write_item": "dynamodb.batch_write_item",
    "send_message": "sqs.send_message",
}


class Publishing:
    """Invokes publish_status; `outside` has what came of it. How hard it is made is `hardship`."""

    def __init__(self, world: World, rng: random.Random, hardship: Hardship, make: Maker) -> None:
        self._world, self._make = world, make
        self.hardship = hardship
        self.chaos = Chaos(rng, world.timeline.wait, self._stall)
        self.chaos.odds = hardship.odds
        self.outside = Outside(self._refuse, self._leave, self._fail)
        # The latest moment of each part: an invocation that stalled writes an earlier one.
        self._latest: dict[tuple[str, str], str] = {}

    def written(self, new: Image) -> None:
        """Take in one write of a part."""
        key = new["id"]["S"], new["part"]["S"]
        self._latest[key] = max(self._latest.get(key, ""), moment_of(new))

    def ease(self) -> None:
        """Let all be well from now on; what EventBridge never takes it does not take now either."""
        was = self.hardship
        self.hardship = Hardship(was.shards, delay=was.delay, malformed=was.malformed)
        self.chaos.odds = self.hardship.odds

    def app(self) -> EventApp:
        """Return what an invocation works with; publish_status keeps nothing from one to the next."""
        clients: Any = SimpleNamespace(**{name: partial(self._call, name) for name in _CALLS})
        publisher = self._make(ENVIRONMENT, EventClients(clients, clients, clients), self._world.timeline.wait)
        return EventApp(publisher, self._world.clock, SILENT, UNCOUNTED)

    def invoke(self, batch: list[Record]) -> dict[str, Any] | None:
        """Have a batch published, and return the answer; None if the invocation dies."""
        world = self._world
        end = world.now + SECONDS
        context = SimpleNamespace(get_remaining_time_in_millis=lambda: (end - world.now) * 1000)
        answer = None
        try:
            answer = publish_status.handler.handle({"Records": handed_out(batch)}, cast("Any", context))
        except Crash:
            world.note("crash of publish_status")
        except Exception as error:  # noqa: BLE001 - whatever it raises is a bug to report
            world.ledger.accuse(f"publish_status: {type(error).__name__}: {error}")
        else:
            world.note("told", len(batch), *(each["itemIdentifier"] for each in answer["batchItemFailures"]))
        return answer

    def _stall(self) -> None:
        self._world.timeline.wait(self.chaos.rng.uniform(0, self.chaos.rng.choice((5.0, 70.0))))

    def _call(self, name: str, **asked: Any) -> Any:
        return self.chaos.around(_CALLS[name], lambda: getattr(self.outside, name)(**asked))

    def _refuse(self, text: str) -> str:
        event = json.loads(text)
        if self._latest.get((event["id"], event["part"]), "") < event["at"]:
            self._world.ledger.accuse(f"{event['id']}/{event['part']}: told before it was in the table")
        if self.hardship.is_malformed(event["event_id"]):
            return "MalformedDetail"
        return "ThrottlingException" if self.chaos.happens(self.hardship.refused) else ""

    def _leave(self) -> bool:
        return self.chaos.happens(self.hardship.left)

    def _fail(self, operation: str) -> None:
        begin, end = self.hardship.outage
        down = operation == "PutEvents" and begin <= self._world.now < end
        if down or self.chaos.happens(self.hardship.throttled):
            raise throttled(operation)
