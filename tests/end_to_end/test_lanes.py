"""A campaign in front of it does not keep a password waiting."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rich.console import Console

from kobo_cli.commands.send import wait_for
from kobo_cli.connection import local_connection
from local_aws.stack import LocalStack
from mock_kobo.control_client import MockControl

CAMPAIGN = 400
PASSWORD = "4711 is your code, ahead of them all"


def test_a_password_overtakes_the_campaign_that_was_queued_before_it(stack: LocalStack) -> None:
    sqs, variables = stack.clients.sqs, stack.environment

    def queue_ten(start: int) -> None:
        entries: list[Any] = [
            {
                "Id": str(at),
                "MessageBody": json.dumps({"id": f"lanes-{at}", "to": f"+2348030102{at:03d}", "msg": "campaign"}),
            }
            for at in range(start, start + 10)
        ]
        sqs.send_message_batch(QueueUrl=variables["KOBO_BULK_QUEUE_URL"], Entries=entries)

    with ThreadPoolExecutor(4) as pool, MockControl(str(stack.mock_url)) as mock:
        # Else a fast stack has sent the campaign before a slow machine has queued the password.
        slow = mock.add_fault(endpoint="send", kind="slow", seconds=5, msg="campaign")
        list(pool.map(queue_ten, range(0, CAMPAIGN, 10)))
        body = json.dumps({"id": "lanes-password", "to": "+2348030102999", "msg": PASSWORD})
        sqs.send_message(QueueUrl=variables["KOBO_PRIORITY_QUEUE_URL"], MessageBody=body)
        wait_for(local_connection(variables), "lanes-password", 60, Console(quiet=True))
        mock.clear_faults(slow["id"])
        wait_for(local_connection(variables), f"lanes-{CAMPAIGN - 1}", 120, Console(quiet=True))
        texts = [message["msg"] for message in mock.messages if message["to"].startswith("2348030102")]
    assert texts.index(PASSWORD) < CAMPAIGN / 4
    assert texts.count(PASSWORD) == 1
