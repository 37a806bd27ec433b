"""The control API: what it shows, what it masks, and how it says that a field is wrong."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import urllib3

from mock_kobo.control_client import ControlError, MockControl

Send = Callable[..., str]
FIELDS = ["to", "from", "msg", "type", "pages", "msgid", "message_uuid", "status", "cost", "at"]


def test_messages_oldest_first(mock_kobo: MockControl, send: Send) -> None:
    send(msg="one", to="2348030100002,2348030100001", message_uuid="u-1")
    send(msg="two", type="1")
    messages = mock_kobo.messages
    assert [(sms["msg"], sms["to"][-1]) for sms in messages] == [("one", "2"), ("one", "1"), ("two", "1")]
    assert set(FIELDS) <= set(messages[0])
    assert messages[0] | {"at": "", "msgid": ""} == {
        "id": messages[0]["id"],
        "to": "2348030100002",
        "from": "KOBO",
        "msg": "one",
        "type": 0,
        "characters": 3,
        "pages": 1,
        "msgid": "",
        "message_uuid": "u-1",
        "status": "PROCESSED",
        "cost": 4,
        "at": "",
    }


def test_messages_can_be_narrowed(mock_kobo: MockControl, send: Send) -> None:
    for number in range(5):
        send(to=f"234803010000{number}", message_uuid=f"u-{number}")
    first = mock_kobo.messages[0]["id"]
    assert [sms["message_uuid"] for sms in mock_kobo.list_messages(to="2348030100003")] == ["u-3"]
    assert [sms["to"][-1] for sms in mock_kobo.list_messages(message_uuid="u-2")] == ["2"]
    assert [sms["to"][-1] for sms in mock_kobo.list_messages(after=first, limit=2)] == ["1", "2"]


def test_a_list_longer_than_a_page(mock_kobo: MockControl, send: Send) -> None:
    for _ in range(5):
        send(to=",".join(f"23480301{number:05d}" for number in range(500)))
    assert len({sms["id"] for sms in mock_kobo.messages}) == 2500
    assert len(mock_kobo.list_messages(limit=1500)) == 1500


def test_calls_hold_what_was_asked_and_answered(mock_kobo: MockControl, send: Send, answer: Send) -> None:
    send(type="7")
    answer("credit")
    first, second = mock_kobo.calls
    assert (first["endpoint"], first["answer"], first["outcome"]) == ("send", "error_param", "refused")
    assert first["reason"] == "type is none of 0, 1, 2"
    assert first["parameters"]["from"] == "KOBO"
    assert (second["endpoint"], second["answer"], second["outcome"]) == ("credit", "100000.00", "answered")
    assert [call["endpoint"] for call in mock_kobo.list_calls(endpoint="credit")] == ["credit"]


def test_no_password_is_shown(mock_kobo: MockControl, http: urllib3.PoolManager, answer: Send) -> None:
    mock_kobo.set_account(password="hunter2-secret")
    for password in ("hunter2-secret", "hunter2-wrong"):
        answer("credit", **{"pass": password, "password": password})
        http.request("GET", f"{mock_kobo.base_url}/credit/?pass={password}")
    paths = ("_mock/calls", "_mock/account", "_mock/view", "_mock/messages", "")
    shown = [http.request("GET", f"{mock_kobo.url}/{path}").data.decode() for path in paths]
    assert not [text for text in shown if "hunter2" in text]
    assert mock_kobo.calls[0]["parameters"]["pass"] == "***"
    assert mock_kobo.account["pass"] == "***"


def test_what_the_account_shows_can_be_put_back(mock_kobo: MockControl, answer: Send) -> None:
    mock_kobo.set_account(**mock_kobo.account)
    assert answer("credit") == "100000.00"


def test_reset_makes_it_new(mock_kobo: MockControl, send: Send) -> None:
    before = (mock_kobo.account, mock_kobo.dialect)
    send(message_uuid="u-1")
    mock_kobo.set_account(user="other", balance=1, page_price=9, suspended=True, password="other")
    mock_kobo.set_dialect(quoting="json", report_words={"DELIVRD": "OK"})
    mock_kobo.set_clock(frozen=True, advance_seconds=99, delivery_seconds=5, delivery_outcomes={"EXPIRED": 1})
    mock_kobo.add_fault(answer="error_gw")
    mock_kobo.reset()
    assert (mock_kobo.account, mock_kobo.dialect) == before
    assert (mock_kobo.messages, mock_kobo.calls, mock_kobo.faults) == ([], [], [])
    clock = mock_kobo.clock
    assert (clock["frozen"], clock["delivery_seconds"], clock["delivery_outcomes"]) == (False, [1, 2], {"DELIVRD": 1})
    assert send(message_uuid="u-1") == "sent"
    assert len(mock_kobo.messages) == 1


def test_clearing_keeps_the_account(mock_kobo: MockControl, send: Send) -> None:
    send()
    mock_kobo.clear_messages()
    assert (mock_kobo.messages, mock_kobo.calls, mock_kobo.account["balance"]) == ([], [], 100_000 - 4)


WRONG: list[tuple[str, str, Any, str]] = [
    ("PUT", "account", {"balance": -1}, "balance"),
    ("PUT", "account", {"balance": "many"}, "balance"),
    ("PUT", "account", {"balance": True}, "balance"),
    ("PUT", "account", {"balance": 0.00001}, "balance"),
    ("PUT", "account", {"balance": 1e13}, "balance"),
    ("PUT", "account", {"page_price": None}, "page_price"),
    ("PUT", "account", {"suspended": "no"}, "suspended"),
    ("PUT", "account", {"user": ""}, "user"),
    ("PUT", "account", {"pass": 5}, "pass"),
    ("PUT", "account", {"credit": 5}, "credit"),
    ("PUT", "account", [], "body"),
    ("POST", "faults", {}, "answer"),
    ("POST", "faults", {"answer": "sent", "kind": "reset"}, "answer"),
    ("POST", "faults", {"answer": ""}, "answer"),
    ("POST", "faults", {"kind": "fire"}, "kind"),
    ("POST", "faults", {"kind": "reset", "endpoint": "sends"}, "endpoint"),
    ("POST", "faults", {"kind": "reset", "when": "later"}, "when"),
    ("POST", "faults", {"kind": "reset", "times": 0}, "times"),
    ("POST", "faults", {"kind": "reset", "times": 1.5}, "times"),
    ("POST", "faults", {"kind": "reset", "probability": 1.1}, "probability"),
    ("POST", "faults", {"kind": "slow", "seconds": -1}, "seconds"),
    ("POST", "faults", {"kind": "reset", "time": 1}, "time"),
    ("PUT", "dialect", {"quoting": "yaml"}, "quoting"),
    ("PUT", "dialect", {"whitespace": 1}, "whitespace"),
    ("PUT", "dialect", {"repeat": "again"}, "repeat"),
    ("PUT", "dialect", {"report_words": {"LOST": "x"}}, "report_words"),
    ("PUT", "dialect", {"report_words": "x"}, "report_words"),
    ("PUT", "dialect", {"uuid_min": 65}, "uuid_min"),
    ("PUT", "dialect", {"report_days": 0}, "report_days"),
    ("PUT", "dialect", {"colour": "red"}, "colour"),
    ("POST", "clock", {"advance_seconds": -5}, "advance_seconds"),
    ("POST", "clock", {"advance_seconds": "5"}, "advance_seconds"),
    ("POST", "clock", {"frozen": 1}, "frozen"),
    ("POST", "clock", {"delivery_seconds": [2, 1]}, "delivery_seconds"),
    ("POST", "clock", {"delivery_seconds": [1, 2, 3]}, "delivery_seconds"),
    ("POST", "clock", {"delivery_outcomes": {"LOST": 1}}, "delivery_outcomes"),
    ("POST", "clock", {"delivery_outcomes": {"DELIVRD": 0}}, "delivery_outcomes"),
    ("POST", "clock", {"delivery_outcomes": {"DELIVRD": -1}}, "DELIVRD"),
    ("POST", "clock", {"seconds": 5}, "seconds"),
    ("POST", "reset", {"hard": True}, "hard"),
]


@pytest.mark.parametrize(("method", "path", "fields", "field"), WRONG, ids=lambda value: json.dumps(value))
def test_a_wrong_field_is_named(
    mock_kobo: MockControl, http: urllib3.PoolManager, method: str, path: str, fields: object, field: str
) -> None:
    before = (mock_kobo.account, mock_kobo.dialect, mock_kobo.faults)
    response = http.request(method, f"{mock_kobo.url}/_mock/{path}", body=json.dumps(fields))
    assert (response.status, response.json()["field"]) == (400, field)
    assert response.json()["error"]
    assert (mock_kobo.account, mock_kobo.dialect, mock_kobo.faults) == before


@pytest.mark.parametrize("body", ["{", "nonsense", '{"balance": NaN}', b"\xff"])
def test_what_is_no_json(mock_kobo: MockControl, http: urllib3.PoolManager, body: str | bytes) -> None:
    response = http.request("PUT", f"{mock_kobo.url}/_mock/account", body=body)
    assert (response.status, response.json()["field"]) == (400, "body")


@pytest.mark.parametrize("query", ["messages?after=x", "messages?colour=red", "calls?limit=-1", "view?phones=0"])
def test_a_wrong_filter_is_named(mock_kobo: MockControl, http: urllib3.PoolManager, query: str) -> None:
    response = http.request("GET", f"{mock_kobo.url}/_mock/{query}")
    assert (response.status, response.json()["field"]) == (400, query.split("?")[1].split("=")[0])


def test_the_client_says_what_was_wrong(mock_kobo: MockControl) -> None:
    with pytest.raises(ControlError, match="balance"):
        mock_kobo.set_account(balance=-1)
