"""The table's stream feeds the function that the template says, as Lambda would."""

from __future__ import annotations

import base64
import json
from typing import Any

from local_aws.stack import LocalStack
from tests.local_aws.consumers import Notes, until


def put(stack: LocalStack, **item: Any) -> None:
    stack.clients.dynamodb.put_item(TableName=stack.environment["KOBO_TABLE"], Item=item)


def records(notes: Notes, request: str) -> list[dict[str, Any]]:
    found = [record for note in notes.read() for record in note["event"]["Records"]]
    return [record for record in found if record["dynamodb"]["Keys"]["id"]["S"] == request]


def test_changes_of_parts_arrive_in_order_as_json(stack: LocalStack, function_notes: dict[str, Notes]) -> None:
    notes, key = function_notes["publish_status"], {"id": {"S": "streamed"}, "part": {"S": "0"}}
    put(stack, id={"S": "~valve"}, part={"S": "state"}, note={"S": "no part"})
    for state in ("sending", "queued", "sent"):
        put(stack, **key, message_uuid={"S": "x"}, state={"S": state}, numbers={"B": b"\x00\xff"})
    found = until(lambda: done if len(done := records(notes, "streamed")) == 3 else None)
    images = [(each["dynamodb"].get("OldImage"), each["dynamodb"]["NewImage"]) for each in found]
    assert [new["state"]["S"] for _, new in images] == ["sending", "queued", "sent"]
    assert images[0][0] is None
    assert images[1][0]["state"]["S"] == "sending"
    assert images[0][1]["numbers"] == {"B": base64.b64encode(b"\x00\xff").decode()}
    assert len({each["eventID"] for each in found}) == 3
    # The note that is no part came before all of them.
    assert records(notes, "~valve") == []


def test_what_expires_is_not_handed_out(stack: LocalStack, function_notes: dict[str, Notes]) -> None:
    notes, key = function_notes["publish_status"], {"id": {"S": "expired"}, "part": {"S": "0"}}
    put(stack, **key, message_uuid={"S": "x"}, state={"S": "sent"})
    stack.clients.dynamodb.delete_item(TableName=stack.environment["KOBO_TABLE"], Key=key)
    put(stack, id={"S": "after"}, part={"S": "0"}, message_uuid={"S": "x"})
    until(lambda: records(notes, "after"))
    assert [json.dumps(each["eventName"]) for each in records(notes, "expired")] == ['"INSERT"']
