"""A campaign from its files to the phones on the local stack, and one that is stopped on its way."""

from __future__ import annotations

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from kobo_cli.campaigns.handing_over import hand_over_files
from kobo_cli.connection import Connection, local_connection
from kobo_sms.campaigns.progress import CampaignProgress
from local_aws.stack import LocalStack
from mock_kobo.control_client import MockControl
from tests.cli.campaigns import number, requests_of, write_files
from tests.end_to_end.conftest import Kobo
from tests.end_to_end.shop import wait_until

MANY, FEW = 40, 7


def hand_over(connection: Connection, directory: Path, campaign_id: str, count: int, *, after: float = 0.0) -> None:
    write_files(directory, campaign_id, requests_of(campaign_id, count))
    now = time.time()
    assert hand_over_files(connection, directory, at=now + after, now=now, by="ada").new


def test_everybody_gets_it_once_and_not_before_its_time(stack: LocalStack, kobo: Kobo, tmp_path: Path) -> None:
    connection = local_connection(stack.environment)
    began = time.time()
    hand_over(connection, tmp_path, "party", MANY, after=3.0)
    with MockControl(str(stack.mock_url)) as mock:

        def got() -> list[dict[str, object]]:
            return [sms for sms in mock.messages if str(sms["msg"]).startswith("Dear ")]

        wait_until(lambda: len(got()) >= MANY, "everybody to get it")
        assert Counter(sms["to"] for sms in got()) == Counter(number(n) for n in range(1, MANY + 1))
        assert min(datetime.fromisoformat(str(sms["at"])).timestamp() for sms in got()) >= began + 3.0

    def report() -> dict[str, object]:
        found: dict[str, object] = json.loads(kobo("campaign", "status", "party", "--json").stdout)
        return found

    wait_until(lambda: report()["counts"] == {"delivered": MANY}, "the reports of all")
    assert report()["state"] == "done"


def test_what_is_on_the_queue_of_a_stopped_one_is_cancelled(stack: LocalStack, kobo: Kobo, tmp_path: Path) -> None:
    connection, variables = local_connection(stack.environment), stack.environment
    hand_over(connection, tmp_path, "flop", FEW, after=3600.0)
    stopped = kobo("campaign", "stop", "flop")
    assert f"0 of {FEW} had gone" in stopped.stdout, stopped.stderr
    # As if it had been stopped when they were on the queue.
    for request in requests_of("flop", FEW, msg="flop"):
        stack.clients.sqs.send_message(QueueUrl=variables["KOBO_BULK_QUEUE_URL"], MessageBody=json.dumps(request))
    with ThreadPoolExecutor(1) as pool:
        progress = CampaignProgress(connection.dynamodb, variables["KOBO_TABLE"], pool)
        reason = "its campaign was stopped before it was sent"
        wait_until(lambda: progress.count("flop") == {("cancelled", reason): FEW}, "all to be cancelled")
    with MockControl(str(stack.mock_url)) as mock:
        assert [sms for sms in mock.messages if sms["msg"] == "flop"] == []
