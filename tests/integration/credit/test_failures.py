"""What goes wrong of a check keeps neither the valve nor people waiting; and what is told names nobody."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from kobo_sms.errors import ConfigurationError, UnreadableBalance
from kobo_sms.valve.signals import CREDENTIALS, CREDIT, GATEWAY
from tests.integration.conftest import LOGGABLE
from tests.integration.valve.fake_lambda import refusal

if TYPE_CHECKING:
    from tests.integration.valve.conftest import Room

BOTH = {"priority", "bulk"}


def test_with_a_balance_that_nobody_can_read_all_else_is_seen_to(room: Room) -> None:
    room.put(9)
    for endpoint, answer in (("credit", "plenty"), ("send", "error_gw")):
        room.kobo.add_fault(endpoint=endpoint, answer=answer)
    room.fail(GATEWAY)
    for after in (0, 30, 30):
        room.come_back()
        with pytest.raises(UnreadableBalance):
            room.check(after)
    assert room.closed().keys() == BOTH
    assert room.enabled() == set()
    assert room.kinds() == ["gateway"]
    account = room.account.read()
    assert (account.answer, account.usage.last) == ("unreadable", None)
    # The lanes open by probes all the same.
    room.kobo.clear_faults()
    room.kobo.add_fault(endpoint="credit", answer="plenty")
    room.come_back()
    with pytest.raises(UnreadableBalance):
        room.check(after=15)
    assert room.closed() == {}


def test_an_unreadable_balance_is_no_zero(room: Room) -> None:
    room.check()
    room.kobo.add_fault(endpoint="credit", answer="plenty")
    with pytest.raises(UnreadableBalance):
        room.check(after=60)
    assert room.kinds() == []


def test_a_lambda_api_that_fails_does_not_keep_the_alert_from_going_out(room: Room) -> None:
    room.kobo.add_fault(endpoint="credit", answer="error_gw")
    room.tell(GATEWAY, "a", "b", "c")
    room.functions.fault = refusal("ServiceException", "GetEventSourceMapping")
    with pytest.raises(ClientError, match="ServiceException"):
        room.check()
    assert room.kinds() == ["gateway"]
    assert room.closed().keys() == BOTH
    assert room.enabled() == BOTH
    # What was written down is carried out once Lambda answers, and told no second time.
    room.functions.fault = None
    room.check(after=30)
    assert room.enabled() == set()
    assert room.kinds() == []


def test_a_topic_that_fails_leaves_the_alert_to_a_later_check(room: Room) -> None:
    topic = room.stack.names["Alerts"]
    room.kobo.set_account(balance=10)
    events = room.stack.calls
    room.stack.sns.delete_topic(TopicArn=topic)
    with pytest.raises(ClientError):
        room.check()
    (pending,) = room.account.read().pending
    assert pending.alert.kind == "critical"
    room.stack.sns.create_topic(Name="alerts")
    room.stack.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=room.stack.arn(room.stack.names["Ear"]))
    events.made.clear()
    assert room.check(after=60).alerts == []
    assert room.check(after=60).alerts == ["critical"]
    assert room.account.read().pending == ()
    (alert,) = room.stack.alerts()
    assert "This alert may have reached you before." in alert["Message"]
    assert alert["MessageAttributes"]["id"]["Value"] == pending.id


def test_nothing_private_is_told_or_kept(room: Room) -> None:
    """Two alerts, a probe that fails, a dead letter: what people, the valve's item and the account's hold of them."""
    room.put(3)
    room.put(1, age=13 * 86_400 + 60)
    room.kobo.add_fault(endpoint="send", answer="error_gw")
    room.close(GATEWAY)
    room.check(after=15)
    room.kobo.set_account(balance=0)
    room.tell(CREDIT, "a", "b", "c")
    room.check(after=6 * 3600)
    alerts = room.stack.alerts()
    assert alerts
    assert LOGGABLE.match(json.dumps(alerts))
    kept = [item for item in room.stack.everything() if item["id"].startswith("~")]
    assert len(kept) > 2
    assert LOGGABLE.match(repr(kept))
    for invoked in room.functions.invoked:
        assert invoked["Records"]
    assert LOGGABLE.match(repr(room.valve.read()))


def test_a_mapping_that_is_gone_does_not_keep_the_other_from_following(room: Room) -> None:
    room.hold("priority", "bulk")
    gone = refusal("ResourceNotFoundException", "GetEventSourceMapping")
    failures = iter([gone])

    def fail_once(_name: str) -> None:
        room.functions.fault = next(failures, None)

    room.functions.on_call = fail_once
    with pytest.raises(ClientError, match="ResourceNotFound"):
        room.check(after=60)
    # The priority lane's is asked for first.
    assert room.enabled() == {"priority"}


@pytest.mark.parametrize("secret", ["no JSON", "{}"])
def test_a_secret_that_cannot_be_read_is_told_as_what_it_is(room: Room, secret: str) -> None:
    room.stack.set_secret(secret)
    room.tell(CREDENTIALS, "a")
    with pytest.raises(ConfigurationError):
        room.check()
    assert room.kinds() == ["credentials"]
    assert room.closed() == {"priority": "credentials", "bulk": "credentials"}
    room.stack.set_login()
    room.check(after=60)
    assert room.closed() == {}


@pytest.mark.parametrize("answer", ["error_param", "error_billing"])
def test_a_refusal_that_says_nothing_of_the_balance_fails_the_invocation(room: Room, answer: str) -> None:
    room.kobo.add_fault(endpoint="credit", answer=answer)
    with pytest.raises(UnreadableBalance, match=answer):
        room.check()
    assert room.account.read().answer == answer


def test_a_user_that_credit_does_not_know_is_a_fault_of_the_credentials(room: Room) -> None:
    room.kobo.add_fault(endpoint="credit", answer="error_user_id")
    room.check()
    assert room.kinds() == ["credentials"]


def test_who_closes_what_is_closed_hears_of_no_recovery(room: Room) -> None:
    room.kobo.set_account(balance=40)
    room.tell(CREDIT, "a", pages=100)
    room.check()
    assert "empty" in room.kinds()
    room.hold("bulk")
    for _ in range(3):
        room.check(after=60)
    assert room.closed() == {"bulk": "operator"}
    assert room.kinds() == []
