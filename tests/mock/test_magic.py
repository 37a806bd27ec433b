"""The magic recipients of mock_kobo/README.md, and every answer by a fault."""

from collections.abc import Callable

import pytest

from mock_kobo.control_client import MockControl

Send = Callable[..., str]

ANSWERS = {
    "2348030009002": "error_param",
    "2348030009003": "error_credit",
    "2348030009004": "error_billing",
    "2348030009005": "error_gw",
    "2348030009006": "error_user",
    "2348030009007": "error_limit",
}
REPORTS = {
    "2348030009101": "UNDELIV",
    "2348030009102": "UNDELIV_DND",
    "2348030009103": "EXPIRED",
    "2348030009104": "REJECTD",
    "2348030009105": "PROCESSED",
    "2348030009106": "UNDELIV err:0dc",
}
OBSERVED = ["error_restricted_senderid", "error_invalid_senderid", "error_number", "error_user_id", "error_msgid"]


@pytest.mark.parametrize(("number", "token"), ANSWERS.items())
def test_a_magic_recipient_refuses_the_whole_call(mock_kobo: MockControl, send: Send, number: str, token: str) -> None:
    assert send(to=f"2348030100001,{number}", enable_msg_id="1") == token
    assert mock_kobo.messages == []
    assert mock_kobo.account["balance"] == 100_000


@pytest.mark.parametrize(("number", "report"), REPORTS.items())
def test_a_magic_recipient_decides_its_report(
    mock_kobo: MockControl, send: Send, answer: Send, number: str, report: str
) -> None:
    msgid = send(to=number, enable_msg_id="1").split(",")[1]
    mock_kobo.set_clock(frozen=True)
    assert answer("report", msgid=msgid) == "PROCESSED"
    mock_kobo.advance(86_400)
    assert answer("report", msgid=msgid) == report


def test_a_magic_report_is_its_recipients_only(mock_kobo: MockControl, send: Send, answer: Send) -> None:
    pairs = dict(pair.split(",") for pair in send(to="2348030100001,2348030009101", enable_msg_id="1").split("~"))
    mock_kobo.advance(60)
    assert answer("report", msgid=pairs["2348030100001"]) == "DELIVRD"
    assert answer("report", msgid=pairs["2348030009101"]) == "UNDELIV"


@pytest.mark.parametrize("endpoint", ["send", "credit", "report"])
@pytest.mark.parametrize("token", ["sent", *ANSWERS.values(), *OBSERVED])
def test_every_answer_by_a_fault(mock_kobo: MockControl, answer: Send, endpoint: str, token: str) -> None:
    mock_kobo.fail_next(endpoint, token)
    parameters = {"from": "KOBO", "to": "2348030100001", "msg": "Hi", "msgid": "x"}
    assert answer(endpoint, **parameters) == token
    assert mock_kobo.messages == []
    after = {"send": "sent", "credit": "100000.00", "report": "error_msgid"}
    assert answer(endpoint, **parameters) == after[endpoint]
