"""Delivery progress on the mock's clock."""

from collections import Counter
from collections.abc import Callable

import pytest

from mock_kobo.control_client import MockControl

Send = Callable[..., str]


@pytest.fixture
def msgid(mock_kobo: MockControl, send: Send) -> str:
    """An SMS sent on a clock that stands still."""
    mock_kobo.set_clock(frozen=True, delivery_seconds=[120, 120])
    return send(enable_msg_id="1").split(",")[1]


def test_first_pending_then_final(mock_kobo: MockControl, answer: Send, msgid: str) -> None:
    assert answer("report", msgid=msgid) == "PROCESSED"
    mock_kobo.advance(119)
    assert answer("report", msgid=msgid) == "PROCESSED"
    mock_kobo.advance(1)
    assert answer("report", msgid=msgid) == "DELIVRD"
    assert mock_kobo.messages[0]["status"] == "DELIVRD"


def test_an_id_gets_too_old(mock_kobo: MockControl, answer: Send, msgid: str) -> None:
    mock_kobo.advance(30 * 86_400 - 1)
    assert answer("report", msgid=msgid) == "DELIVRD"
    mock_kobo.advance(1)
    assert answer("report", msgid=msgid) == "error_msgid"


def test_how_long_ids_live_can_be_switched(mock_kobo: MockControl, answer: Send, msgid: str) -> None:
    mock_kobo.set_dialect(report_days=2)
    mock_kobo.advance(2 * 86_400)
    assert answer("report", msgid=msgid) == "error_msgid"


def test_the_clock_runs_by_itself(
    mock_kobo: MockControl, send: Send, answer: Send, wait_until: Callable[..., None]
) -> None:
    mock_kobo.set_clock(delivery_seconds=0.2)
    msgid = send(enable_msg_id="1").split(",")[1]
    wait_until(lambda: answer("report", msgid=msgid) == "DELIVRD")


def test_each_recipient_has_its_own_time(mock_kobo: MockControl, send: Send) -> None:
    mock_kobo.set_clock(frozen=True, delivery_seconds=[0, 100])
    send(to=",".join(f"23480301{number:05d}" for number in range(200)))
    mock_kobo.advance(50)
    done = sum(sms["status"] == "DELIVRD" for sms in mock_kobo.messages)
    assert 50 < done < 150


def test_outcomes_are_drawn_by_weight(mock_kobo: MockControl, send: Send) -> None:
    mock_kobo.set_clock(delivery_outcomes={"DELIVRD": 3, "UNDELIV_DND": 1, "UNDELIV err:439": 0})
    send(to=",".join(f"23480301{number:05d}" for number in range(400)))
    mock_kobo.advance(10)
    seen = Counter(sms["status"] for sms in mock_kobo.messages)
    assert set(seen) == {"DELIVRD", "UNDELIV_DND"}
    assert seen["DELIVRD"] > seen["UNDELIV_DND"] > 50


def test_a_clock_that_stands_still(mock_kobo: MockControl) -> None:
    frozen = mock_kobo.set_clock(frozen=True)["now"]
    assert mock_kobo.clock["now"] == frozen
    assert mock_kobo.set_clock(frozen=False)["now"] >= frozen
