"""`message_uuid`: executed once, for 30 days of the mock's clock, also when repeats come at once."""

import threading
from collections.abc import Callable

import pytest

from mock_kobo.control_client import MockControl

Send = Callable[..., str]
DAY = 86_400


def test_a_repeat_gets_the_same_answer_and_is_not_executed(mock_kobo: MockControl, send: Send) -> None:
    first = send(message_uuid="u-1", enable_msg_id="1")
    assert send(message_uuid="u-1", enable_msg_id="1") == first
    assert len(mock_kobo.messages) == 1
    assert mock_kobo.account["balance"] == 100_000 - 4
    assert [call["outcome"] for call in mock_kobo.calls] == ["executed", "repeated"]


def test_another_uuid_or_none_is_executed(mock_kobo: MockControl, send: Send) -> None:
    for uuid in ("u-1", "u-2", None, None):
        send(message_uuid=uuid)
    assert [sms["message_uuid"] for sms in mock_kobo.messages] == ["u-1", "u-2", None, None]


@pytest.mark.parametrize(("seconds", "executed"), [(30 * DAY - 5, 1), (30 * DAY + 5, 2)])
def test_it_expires_after_30_days(mock_kobo: MockControl, send: Send, seconds: float, executed: int) -> None:
    send(message_uuid="u-1")
    mock_kobo.advance(seconds)
    send(message_uuid="u-1")
    assert len(mock_kobo.messages) == executed


def test_a_refused_call_does_not_use_it_up(mock_kobo: MockControl, send: Send) -> None:
    mock_kobo.set_account(balance=0)
    assert send(message_uuid="u-1") == "error_credit"
    mock_kobo.set_account(balance=4)
    assert send(message_uuid="u-1") == "sent"


def test_a_repeat_needs_no_credit(mock_kobo: MockControl, send: Send) -> None:
    mock_kobo.set_account(balance=4)
    assert send(message_uuid="u-1") == "sent"
    assert send(message_uuid="u-1") == "sent"


@pytest.mark.parametrize("repeat", ["sent", "error_param", "error_duplicate"])
def test_the_answer_to_a_repeat_can_be_switched(mock_kobo: MockControl, send: Send, repeat: str) -> None:
    mock_kobo.set_dialect(repeat=repeat)
    send(message_uuid="u-1", enable_msg_id="1")
    assert send(message_uuid="u-1", enable_msg_id="1") == repeat
    assert len(mock_kobo.messages) == 1


def test_concurrent_repeats_are_executed_once(mock_kobo: MockControl, send: Send) -> None:
    barrier = threading.Barrier(12)
    answers: list[str] = []

    def call() -> None:
        barrier.wait()
        answers.append(send(message_uuid="u-1", enable_msg_id="1"))

    threads = [threading.Thread(target=call) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 12
    assert len(set(answers)) == 1
    assert len(mock_kobo.messages) == 1


def test_clearing_the_inbox_keeps_it(mock_kobo: MockControl, send: Send) -> None:
    send(message_uuid="u-1")
    mock_kobo.clear_messages()
    assert send(message_uuid="u-1") == "sent"
    assert mock_kobo.messages == []
