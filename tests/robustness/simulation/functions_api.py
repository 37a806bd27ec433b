"""Lambda's client as check_credit uses it: the event source mappings, and send_sms invoked for a probe or a sweep."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from kobo_sms.aws.queues import read_record
from tests.robustness.simulation.invocations import Invocation
from tests.robustness.simulation.stored import QUEUE_URLS

if TYPE_CHECKING:
    from tests.robustness.simulation.world import World

# kobo_sms.composition's read_timeout of this client.
_PATIENCE = 35.0
_LOOK_EVERY = 0.1


class FakeLambda:
    """Invokes the real send_sms path in this world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.get_event_source_mapping = world.mappings.get_event_source_mapping
        self.update_event_source_mapping = world.mappings.update_event_source_mapping

    def invoke(self, **asked: Any) -> dict[str, Any]:
        chaos = self._world.chaos
        chaos.edge()
        if chaos.happens(chaos.odds.aws_error):
            raise ConnectTimeoutError(endpoint_url="lambda.invoke")
        event = json.loads(asked["Payload"])
        messages = [read_record(record, QUEUE_URLS, probe=event["probe"]) for record in event["Records"]]
        self._world.note("probe", *(message.message_id for message in messages))
        invocation = Invocation(self._world, messages, lambda _: None)
        invocation.start()
        self._wait_for(invocation)
        chaos.edge()
        if invocation.process.dead:
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(b"{}")}
        return {"Payload": io.BytesIO(json.dumps(invocation.answer()).encode())}

    def _wait_for(self, invocation: Invocation) -> None:
        timeline = self._world.timeline
        until = timeline.now + _PATIENCE
        while invocation.running:
            timeline.wait(_LOOK_EVERY)
            if timeline.now > until:
                raise ReadTimeoutError(endpoint_url="lambda.invoke")
