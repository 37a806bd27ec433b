"""The valve and the alerts, on the stack that template.yaml describes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_aws.stack import LocalStack, running_stack
from mock_kobo.control_client import MockControl
from tests.end_to_end.shop import Shop, open_ear, wait_until

# They take a minute together on two processors, and a machine may be far slower.
pytestmark = pytest.mark.timeout(600)
# No thresholds: nothing but running out is worth an alert.
PARAMETERS = {
    "RetryBaseSeconds": "1",
    "RetryMaxSeconds": "2",
    "MaxAttempts": "3",
    "LowCredit": "0",
    "CriticalCredit": "0",
}
TEXTS, AFFORDABLE, PRICE = 1000, 400, 4


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    folder: Path = tmp_path_factory.mktemp("valve")
    with running_stack(every=1.0, feed=False, parameters=PARAMETERS, directory=folder / ".kobo") as stack:
        yield stack


@pytest.fixture
def shop(running: LocalStack) -> Iterator[Shop]:
    ear = open_ear(running)
    with MockControl(str(running.mock_url)) as mock:
        mock.reset()
        yield Shop(running, mock, ear)
        mock.reset()
    running.clients.sqs.delete_queue(QueueUrl=ear)


def test_an_outage_costs_few_calls_and_no_attempts_and_ends_by_itself(shop: Shop) -> None:
    # The first of all: what a lane had accepted less than two minutes ago would keep it open.
    for endpoint in ("send", "credit"):
        shop.mock.add_fault(endpoint=endpoint, answer="error_gw")
    shop.queue(300, prefix="outage")
    shop.hear("gateway")
    wait_until(lambda: shop.closed() == {"priority": "gateway", "bulk": "gateway"}, "both lanes to close")
    # Five functions of two calls each: twelve failures in a row, those under way then, and probes.
    assert sum(shop.refusals().values()) <= 5 * (12 + 2 + 4)
    shop.mock.clear_faults()
    shop.hear("recovered")
    wait_until(lambda: len(shop.mock.messages) == 300, "all texts")
    assert set(shop.recipients("outage").values()) == {1}
    assert shop.buried() == 0
    tried = next(at for at in range(300) if len(shop.part(f"outage-{at}")["history"]["L"]) > 1)
    told = {row.what: row for row in shop.why(f"outage-{tried}")}
    assert told["answered"].answer == "ids"
    assert (told["bulk lane closed"].why or "").startswith("the gateway does not work")
    assert told["claimed"].at >= told["bulk lane closed"].at


def test_a_balance_that_runs_out_during_a_campaign(shop: Shop) -> None:
    # One unit is left over: it is the refusals that tell, not a balance of nothing.
    shop.mock.set_account(balance=AFFORDABLE * PRICE + 1, page_price=PRICE)
    shop.queue(TEXTS, prefix="campaign")
    text = shop.hear("empty")
    assert "bulk" in text
    assert shop.closed() == {"bulk": "credit"}
    assert len(shop.mock.messages) == AFFORDABLE
    refused = shop.refusals()
    assert set(refused) == {"error_credit"}
    assert refused["error_credit"] <= 40

    shop.mock.set_account(balance=TEXTS * PRICE)
    shop.hear("recovered")
    wait_until(lambda: len(shop.mock.messages) == TEXTS, "the rest of the campaign")
    assert set(shop.recipients("campaign").values()) == {1}
    assert shop.refusals() == refused
    assert shop.alerts() == []
    assert shop.buried() == 0


def test_a_password_goes_through_while_a_bulk_part_is_too_dear(shop: Shop) -> None:
    shop.mock.set_account(balance=10 * PRICE, page_price=PRICE)
    body = {"id": "dear", "to": [f"+234803010{at:04d}" for at in range(100)], "msg": "dear"}
    bulk = shop.stack.environment["KOBO_BULK_QUEUE_URL"]
    shop.stack.clients.sqs.send_message(QueueUrl=bulk, MessageBody=json.dumps(body))
    wait_until(lambda: shop.closed() == {"bulk": "credit"}, "the bulk lane to close")
    shop.queue(1, "PRIORITY", prefix="password")
    wait_until(lambda: shop.recipients("password"), "the password")
    assert shop.closed() == {"bulk": "credit"}
    assert shop.part("dear")["state"] == {"S": "held"}
    assert (shop.why("dear")[-1].why or "").startswith("the bulk lane is closed, until the balance has risen")
    shop.hear("empty")
    shop.mock.set_account(balance=1000 * PRICE)
    wait_until(lambda: sum(shop.recipients("dear").values()) == 100, "the dear part")
    shop.hear("recovered")
    rows = shop.why("dear")
    told = [(row.what, row.answer) for row in rows if row.what.startswith(("answered", "bulk"))]
    assert told[0] == ("answered", "error_credit")
    assert [what for what, _ in told if what != "answered"] == ["bulk lane closed", "bulk lane opened"]
    assert told[-1] == ("answered", "ids")
    assert all("priority lane" not in row.what for row in rows)


def test_a_mapping_that_somebody_switched_off_is_switched_on_again(shop: Shop) -> None:
    mappings = shop.stack.clients.functions.list_event_source_mappings()["EventSourceMappings"]
    for mapping in mappings:
        shop.stack.clients.functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    shop.queue(3, prefix="switched")
    wait_until(lambda: len(shop.recipients("switched")) == 3, "the texts")
