"""Records what a release leaves in a table: `python -m tests.integration.releases.record FILE`, in its checkout.

The demo's requests go through the release's own local stack. In the middle of that, while some are sent, some wait for
a retry and some are in doubt, the table is read as it is, as if all functions had died in that moment; after it, what
KoboMobile has executed by then. The next release must be able to go on from there (`test_last_release.py`).
"""

from __future__ import annotations

import base64
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kobo_cli.commands.demo import PARAMETERS
from kobo_cli.demo.examples import examples
from local_aws.stack import LocalStack, running_stack
from mock_kobo.control_client import MockControl

# Beyond what the demo sends: one whose answers are lost, and one that KoboMobile refuses as a whole.
DOUBTFUL = {"id": "demo-in-doubt", "to": "+2348030100011", "msg": "An answer to this one was lost."}
HALVED = {"id": "demo-halved", "to": ["+2348030100012", "+2348030100013", "+2348030009002"], "msg": "One is bad."}
_CAMPAIGN_NUMBERS = 503
_LONGEST_SECONDS = 60.0
_OF_A_CALL = ("message_uuid", "from", "msg", "type")


@dataclass
class Recorder:
    """Queues requests on a local stack, and takes its table when there is something of everything in it."""

    stack: LocalStack
    mock: MockControl
    requests: list[dict[str, Any]] = field(default_factory=list)

    def queue(self, lane: str, request: dict[str, Any]) -> None:
        body = json.dumps(request, ensure_ascii=False)
        url = self.stack.environment[f"KOBO_{lane.upper()}_QUEUE_URL"]
        message_id = self.stack.clients.sqs.send_message(QueueUrl=url, MessageBody=body)["MessageId"]
        self.requests.append({"lane": lane, "body": body, "message_id": message_id})

    def items(self) -> list[dict[str, Any]]:
        pages = self.stack.clients.dynamodb.get_paginator("scan").paginate(
            TableName=self.stack.environment["KOBO_TABLE"]
        )
        return [item for page in pages for item in page["Items"]]

    def wait(self, enough: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """Return the table once it has enough in it, which it must within a minute."""
        end = time.monotonic() + _LONGEST_SECONDS
        while time.monotonic() < end:
            items = self.items()
            if enough(items):
                return items
            time.sleep(0.02)
        raise SystemExit("not everything came about in a minute")


def has_ends(items: list[dict[str, Any]]) -> bool:
    """Tell whether parts have come to all kinds of ends but by reports, and some wait for these."""
    found = {item["state"]["S"] for item in items if "message_uuid" in item}
    halves = [item for item in items if item["id"]["S"] == HALVED["id"]]
    chunks = [item for item in items if item["id"]["S"] == "demo-campaign" and item["state"]["S"] == "sent"]
    pending = sum("due_at" in item for item in items)
    return {"held", "failed", "split", "rejected"} <= found and pending > 4 and len(halves) > 1 and bool(chunks)


def has_doubt(items: list[dict[str, Any]]) -> bool:
    """Tell whether the answer to the doubtful part is lost, and it is to be tried again."""
    doubtful: dict[str, Any] = next((each for each in items if each["id"]["S"] == DOUBTFUL["id"]), {})
    return "in_doubt" in doubtful and doubtful["in_doubt"]["BOOL"] and doubtful["state"]["S"] == "sending"


def record(directory: Path) -> dict[str, Any]:
    """Run the release's local stack until its table is to be taken."""
    with running_stack(every=1.0, parameters=PARAMETERS, directory=directory / ".kobo") as stack:
        with MockControl(str(stack.mock_url)) as mock:
            mock.set_clock(delivery_seconds=[6, 30])
            mock.add_fault(endpoint="send", kind="reset", when="after", times=100, to=DOUBTFUL["to"].removeprefix("+"))
            recorder = Recorder(stack, mock)
            for example in examples():
                numbers = example.request["to"]
                few = numbers if isinstance(numbers, str) else numbers[:_CAMPAIGN_NUMBERS]
                recorder.queue(example.lane, example.request | {"to": few})
            recorder.queue("priority", HALVED)
            recorder.wait(has_ends)
            recorder.queue("priority", DOUBTFUL)
            items = recorder.wait(has_doubt)
            executed, recorded_at = list(calls_of(mock.messages)), int(time.time())
        about = {"recorded_at": recorded_at, "stack_id": stack_id(stack)}
    return about | {"requests": recorder.requests, "items": items, "executed": executed}


def calls_of(messages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the calls that were executed, the oldest first, with the message id that each number got."""
    for _, group in itertools.groupby(messages, key=lambda sms: str(sms["message_uuid"])):
        call = list(group)
        yield {name: call[0][name] for name in _OF_A_CALL} | {"to": {sms["to"]: sms["msgid"] for sms in call}}


def stack_id(stack: LocalStack) -> str:
    """Return the id of the local stack's stack."""
    return stack.clients.cloudformation.describe_stacks()["Stacks"][0]["StackId"]


def in_base64(content: bytes) -> str:
    """Return a binary value as JSON can have it."""
    return base64.b64encode(content).decode()


def main() -> None:
    """Write the record to the file that is named."""
    with tempfile.TemporaryDirectory() as directory:
        found = record(Path(directory))
    lines = [f'"{name}": {json.dumps(found[name])}' for name in ("recorded_at", "stack_id")]
    for name in ("requests", "items", "executed"):
        rows = ",\n".join(
            json.dumps(each, ensure_ascii=False, sort_keys=True, default=in_base64) for each in found[name]
        )
        lines.append(f'"{name}": [\n{rows}\n]')
    Path(sys.argv[1]).write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
