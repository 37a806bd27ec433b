"""This release works with what one to come has added: fields, words, kinds and states that nobody here knows.

So it is while two releases run side by side, and when a deployment is rolled back. `releases/to_come.json` was written
by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from kobo_cli.reports.request import build
from kobo_sms.campaigns.orders import CampaignOrders
from kobo_sms.credit.store import CreditStore
from kobo_sms.messages.lanes import Lane
from kobo_sms.reports.counts import Counts, End
from kobo_sms.sending.attempts import attempts_of
from kobo_sms.valve.changes import changes_of
from kobo_sms.valve.store import ValveStore
from tests.integration.conftest import create_consumers
from tests.integration.releases.stored import load

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack
    from tests.integration.handlers.conftest import Functions


@pytest.fixture
def functions(aws: Stack, deploy: Callable[..., Functions]) -> Functions:
    load("to_come").put_into(aws)
    return deploy()


def request(id_: str, to: str) -> dict[str, Any]:
    return {"id": id_, "to": f"+{to}", "msg": "Hello"}


def test_a_part_with_more_fields_is_sent_as_it_was_begun(functions: Functions, aws: Stack, kobo: MockControl) -> None:
    functions.put(request("order-known", "2348030100001"))
    assert functions.deliver() == []
    item = aws.item("order-known")
    assert (item["state"], item["route"], item["tags"]["colour"]) == ("sent", "direct", "blue")
    assert [sms["message_uuid"] for sms in kobo.messages] == [item["message_uuid"]]
    # Two claims of the release to come ended without an outcome.
    assert [attempt.answer for attempt in attempts_of(item).ended] == ["lost: ProtocolError", "died", "died", "ids"]


def test_one_in_a_state_that_nobody_knows_waits(functions: Functions, aws: Stack, kobo: MockControl) -> None:
    before = aws.item("order-reserved")
    (message,) = functions.put(request("order-reserved", "2348030100002"))
    assert functions.deliver() == [message]
    assert aws.item("order-reserved") == before
    assert kobo.messages == []


def test_reports_are_asked_for(functions: Functions, aws: Stack) -> None:
    assert functions.poll()["calls"] == 1
    item = aws.item("order-sent")
    assert item["recipients"]["2348030100003"]["cost"] == 4
    assert item["rounds"][0]["asked_by"] == "push"
    assert len(item["rounds"]) == 2


def test_check_credit_tells_what_is_to_be_told(
    functions: Functions, aws: Stack, kobo: MockControl, deploy: Callable[..., Functions]
) -> None:
    create_consumers(aws)
    kobo.set_account(balance=4000)
    found = deploy().check_credit()
    # Two alerts that the release to come has left, and what the balance is now.
    assert (found["answer"], sorted(found["alerts"])) == ("balance", ["exceeded", "gateway", "low"])
    subjects = [alert["Subject"] for alert in aws.alerts()]
    assert "kobo: exceeded (quota)" in subjects
    item = aws.item("~credit", "state")
    assert (item["pending"], item["currency"]) == ([], "NGN")


def test_the_valve_is_read(functions: Functions, aws: Stack) -> None:
    known = ValveStore(aws.dynamodb, aws.names["Messages"]).read()
    closed = known.valve.closed[Lane.BULK]
    assert (closed.cause, closed.detail) == ("gateway", "quota 40 of 40 calls")
    assert known.valve.suspected.keys() == {"priority"}
    assert [signal.recipients for signal in known.window.signals] == ["1767c3d54bdc"]
    counted = [count for (_, *what), count in known.window.counts.items() if what == ["priority", "accepted"]]
    assert counted == [9]
    assert [change.cause for change in changes_of(known.changes)] == ["quota"]


def test_campaigns_of_unknown_states_and_lanes_stop_no_other(functions: Functions, aws: Stack) -> None:
    functions.queue_campaigns()
    assert aws.item("~campaigns", "known")["tags"]["colour"] == "blue"
    assert aws.item("~campaigns", "throttled")["state"] == "throttled"
    assert aws.item("~campaigns", "faxed")["fault"].startswith("the campaign faxed cannot be read by this release")
    found = CampaignOrders(aws.dynamodb, aws.names["Messages"], keep_seconds=1.0).read("throttled")
    assert found is not None
    assert found.state == "paused"


def test_nothing_more_is_sent_of_a_campaign_in_such_a_state(functions: Functions, kobo: MockControl) -> None:
    (message,) = functions.put(request("throttled:1", "2348030100004") | {"campaign": "throttled"}, lane="Bulk")
    assert functions.deliver("Bulk") == [message]
    assert kobo.messages == []


def test_the_commands_show_what_they_know(functions: Functions, aws: Stack) -> None:
    for id_, state in (("order-known", "sending"), ("order-reserved", "reserved"), ("order-sent", "sent")):
        assert build([aws.item(id_)])["counts"] == {state: 1}
    counts = Counts()
    counts.take_item(aws.item("~stats", "2026-11-29T09:30"))
    assert counts.ends == {End("delivered", "", "MTN", "Sh|op"): 4}
    assert (sum(counts.delivered["MTN"]), counts.other, counts.pages) == (2.0, {}, 4)
    account = CreditStore(aws.dynamodb, aws.names["Messages"], keep_seconds=1.0).read()
    assert [len(account.usage.hours), account.answer] == [1, "overdrawn"]
