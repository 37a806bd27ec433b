"""What is told of a hundred SMS is what the table says, and what KoboMobile says of each that it executed."""

from __future__ import annotations

import json
from decimal import Decimal

from benchmarks.status_events import differences, hearing, last_told, parts_of
from kobo_cli.connection import local_connection
from local_aws.stack import LocalStack
from mock_kobo.control_client import MockControl
from tests.end_to_end.shop import wait_until

NUMBERS = [f"23480301{at:05d}" for at in range(40_000, 40_050)]
# Refused alone after halvings, in doubt for the network, never delivered.
SPECIAL = ["2348030009002", "2348030009101", "2348030009102", "2348030009103"]
OPEN = {"queued", "held", "sending", "sent"}


def test_the_events_end_where_the_table_and_the_mock_do(stack: LocalStack) -> None:
    requests: list[dict[str, object]] = [
        {"id": f"told-{at}", "to": number, "msg": "told"} for at, number in enumerate(NUMBERS)
    ]
    requests.append({"id": "told-many", "to": [*NUMBERS, *SPECIAL], "msg": "told"})
    connection = local_connection(stack.environment)
    with MockControl(str(stack.mock_url)) as mock, hearing(stack) as ear:
        for request in requests:
            stack.clients.sqs.send_message(
                QueueUrl=stack.environment["KOBO_BULK_QUEUE_URL"], MessageBody=json.dumps(request)
            )

        def finals() -> int:
            states = [state for (id_, _, _), (state, _) in last_told(ear.events).items() if id_.startswith("told-")]
            return sum(state not in OPEN for state in states)

        wait_until(lambda: finals() == 2 * len(NUMBERS) + len(SPECIAL), "the last event of each recipient")
        items = [item for item in parts_of(connection) if item["id"].startswith("told-")]
        uuids = {item["message_uuid"] for item in items}
        messages = [each for each in mock.messages if each["message_uuid"] in uuids]
        events = [event for event in ear.events if event["id"].startswith("told-")]
    spent = sum((Decimal(str(each["cost"])) for each in messages), Decimal(0))
    assert differences(events, items, messages, spent) == []
    assert len(messages) == 2 * len(NUMBERS) + len(SPECIAL) - 1
    # Shares the bus with no text.
    assert "told" not in {value for event in events for value in event.values() if isinstance(value, str)}
