"""What docs/kobomobile-api.md says of any KoboMobile, whatever shape of answer it has."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.contract.conftest import Gateway

REPORT = re.compile(
    r"(DELIVRD|UNDELIV(_[A-Z]+)?|EXPIRED|REJECTD|DELETED|PROCESSED|ACCEPTD|ENROUTE|UNKNOWN)?( err:\w{3})?"
)
NUMBER = re.compile(r'(\{"balance": ?"?)?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?("?\})?')
REFUSED_NUMBER = {"error_limit", "error_number", "error_param"}


def _new_uuid() -> str:
    return str(uuid.uuid4())


def _pairs(text: str) -> dict[str, str]:
    pairs = [pair.split(",") for pair in text.rstrip("~").split("~")]
    return {number.strip(): msgid.strip() for number, msgid in pairs}


def _balance(text: str) -> float:
    return float(re.sub(r"[^\d.]", "", text))


def test_credit_is_a_number(gateway: Gateway) -> None:
    assert NUMBER.fullmatch(gateway.call("credit"))


@pytest.mark.parametrize("endpoint", ["send", "credit", "report"])
def test_a_wrong_password(gateway: Gateway, endpoint: str) -> None:
    parameters = {"from": gateway.sender, "to": gateway.recipient, "msg": "x", "msgid": "x"}
    assert gateway.call(endpoint, **parameters, **{"pass": "not-the-password"}) == "error_user"


@pytest.mark.parametrize("name", ["from", "to", "msg"])
def test_send_without_a_parameter(gateway: Gateway, name: str) -> None:
    assert gateway.send(**{name: None}) == "error_param"


def test_report_without_an_id(gateway: Gateway) -> None:
    assert gateway.call("report", msgid="") == "error_param"


def test_report_of_an_id_that_never_was(gateway: Gateway) -> None:
    assert gateway.call("report", msgid=_new_uuid()) == "error_msgid"


def test_a_text_too_long(gateway: Gateway, spends: None) -> None:
    assert gateway.send(msg="a" * 906) == "error_param"


def test_a_sender_too_long(gateway: Gateway, spends: None) -> None:
    assert gateway.send(**{"from": "ABCDEFGHIJKL"}).startswith("error_")


def test_too_many_numbers(gateway: Gateway, spends: None) -> None:
    assert gateway.send(to=",".join([gateway.recipient] * 501)) == "error_limit"


@pytest.mark.parametrize("number", ["123", "+2348030100001"])
def test_no_number_at_all(gateway: Gateway, spends: None, number: str) -> None:
    assert gateway.send(to=number) in REFUSED_NUMBER


def test_a_type_that_is_not_there(gateway: Gateway, spends: None) -> None:
    assert gateway.send(type="9") == "error_param"


def test_send_without_ids(gateway: Gateway, spends: None) -> None:
    assert gateway.send() == "sent"


def test_send_with_ids_and_ask_for_a_report(gateway: Gateway, spends: None) -> None:
    pairs = _pairs(gateway.send(to=f"{gateway.recipient},{gateway.recipient}", enable_msg_id="1"))
    assert list(pairs) == [gateway.recipient]
    assert REPORT.fullmatch(gateway.call("report", msgid=pairs[gateway.recipient]))


def test_a_repeat_is_not_charged_again(gateway: Gateway, spends: None) -> None:
    message_uuid = _new_uuid()
    before = _balance(gateway.call("credit"))
    first = gateway.send(message_uuid=message_uuid, enable_msg_id="1")
    once = _balance(gateway.call("credit"))
    repeated = gateway.send(message_uuid=message_uuid, enable_msg_id="1")
    assert once < before
    assert _balance(gateway.call("credit")) == once
    assert repeated == first or repeated == "sent" or repeated.startswith("error_")


def test_a_page_more_costs_a_page_more(gateway: Gateway, spends: None) -> None:
    balances = [_balance(gateway.call("credit"))]
    for text in ("a" * 160, "a" * 161):
        gateway.send(msg=text, message_uuid=_new_uuid())
        balances.append(_balance(gateway.call("credit")))
    one, two = balances[0] - balances[1], balances[1] - balances[2]
    assert two == pytest.approx(2 * one)


@pytest.mark.parametrize(("text", "sms_type"), [("Unicode: مرحبا 😀", "2"), ("Flash: @£$ {}", "1")])
def test_other_types(gateway: Gateway, spends: None, text: str, sms_type: str) -> None:
    assert gateway.send(msg=text, type=sms_type) == "sent"
