"""What is told of a hundred SMS is what the table says, and what KoboMobile says of each that it executed."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from benchmarks.status_events import differences, hearing, last_told, parts_of
from kobo_cli.connection import local_connection
from kobo_cli.events.documents import Document
from local_aws.stack import LocalStack
from mock_kobo.control_client import MockControl

NUMBERS = [f"23480301{at:05d}" for at in range(40_000, 40_050)]
# One that is refused, found by halving; three whose reports say that they were not delivered.
SPECIAL = ["2348030009002", "2348030009101", "2348030009102", "2348030009103"]
OPEN = {"queued", "held", "sending", "sent"}
TEXT = "Your code is 4711"


def finals(events: list[Document]) -> int:
    """Count the recipients that have come to their end, as far as events tell."""
    states = [state for (id_, _, _), (state, _) in last_told(events).items() if id_.startswith("told-")]
    return sum(state not in OPEN for state in states)


def test_the_events_end_where_the_table_and_the_mock_do(stack: LocalStack) -> None:
    requests: dict[str, str | list[str]] = {f"told-{at}": number for at, number in enumerate(NUMBERS)}
    requests["told-many"] = [*NUMBERS, *SPECIAL]
    bulk, connection = stack.environment["KOBO_BULK_QUEUE_URL"], local_connection(stack.environment)
    with MockControl(str(stack.mock_url)) as mock, hearing(stack) as ear:
        for id_, to in requests.items():
            body = json.dumps({"id": id_, "to": to, "msg": TEXT})
            stack.clients.sqs.send_message(QueueUrl=bulk, MessageBody=body)
        while finals(ear.events) < 2 * len(NUMBERS) + len(SPECIAL):
            assert ear.listen(), "nothing comes any more"
        items = [item for item in parts_of(connection) if item["id"].startswith("told-")]
        uuids = {item["message_uuid"] for item in items}
        messages = [each for each in mock.messages if each["message_uuid"] in uuids]
        events = [event for event in ear.events if event["id"].startswith("told-")]
    spent = sum((Decimal(str(each["cost"])) for each in messages), Decimal(0))
    assert differences(events, items, messages, spent) == []
    assert len(messages) == 2 * len(NUMBERS) + len(SPECIAL) - 1
    assert TEXT not in json.dumps(events)


NUMBER = NUMBERS[0]
ITEM = {"id": "a", "part": "0", "state": "sent", "message_uuid": "u", "updated_at": Decimal(9)}
ITEM["recipients"] = {NUMBER: {"state": "delivered", "msgid": "m", "report": "DELIVRD"}}
MESSAGE = {"message_uuid": "u", "to": NUMBER, "msgid": "m", "status": "DELIVRD", "cost": 4}


def told(event_id: str, state: str, at: str, **changed: str) -> Document:
    recipient = {"to": NUMBER, "state": state, "msgid": "m"}
    return {"event_id": event_id, "id": "a", "part": "0", "at": at, "recipients": [recipient]} | changed


SENT, DELIVERED = told("1", "sent", "2026-11-29T07:00:01Z"), told("2", "delivered", "2026-11-29T07:00:02Z")


@pytest.mark.parametrize(
    ("events", "message", "complaint"),
    [
        ([SENT, DELIVERED], MESSAGE, ""),
        ([DELIVERED, SENT, DELIVERED], MESSAGE, ""),
        ([SENT], MESSAGE, "sent was told, the table says delivered"),
        ([], MESSAGE, "nothing was told, the table says delivered"),
        ([DELIVERED, told("3", "sent", "2026-11-29T07:00:03Z")], MESSAGE, "sent was told, the table says delivered"),
        ([DELIVERED, told("4", "sent", "2026-11-29T07:00:03Z", id="b")], MESSAGE, "told of b/0"),
        ([DELIVERED], MESSAGE | {"status": "UNDELIV"}, "delivered, but the mock says UNDELIV"),
        ([DELIVERED], MESSAGE | {"message_uuid": "other"}, "delivered, but never executed"),
    ],
)
def test_what_does_not_agree_is_found(events: list[Document], message: dict[str, object], complaint: str) -> None:
    found = differences(events, [ITEM], [message], Decimal(4))
    assert any(complaint in each for each in found) if complaint else found == []
