"""Pages and what they cost (docs/kobomobile-api.md, "Pages and charges"; GSM 03.38)."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from mock_kobo.control_client import MockControl
from mock_kobo.rules.pages import GSM_BASIC, GSM_EXTENDED, lay_out

Send = Callable[..., str]


@pytest.mark.parametrize(
    ("text", "sms_type", "units", "pages"),
    [
        ("a" * 160, 0, 160, 1),
        ("a" * 161, 0, 161, 2),
        ("a" * 306, 1, 306, 2),
        ("a" * 307, 0, 307, 3),
        ("€" * 80, 0, 160, 1),
        ("€" * 80 + "a", 0, 161, 2),
        ("^{}\\[~]|€", 0, 18, 1),
        ("a" * 152 + "€" + "a" * 152, 0, 306, 3),
        ("a" * 151 + "€" + "a" * 153, 0, 306, 2),
        ("a" * 905, 0, 905, 6),
        ("ع" * 70, 2, 70, 1),
        ("ع" * 71, 2, 71, 2),
        ("ع" * 134, 2, 134, 2),
        ("ع" * 135, 2, 135, 3),
        ("😀" * 35, 2, 70, 1),
        ("😀" * 36, 2, 72, 2),
        ("ع" * 66 + "😀" + "ع" * 66, 2, 134, 3),
        ("a" * 71, 2, 71, 2),
    ],
)
def test_pages(text: str, sms_type: int, units: int, pages: int) -> None:
    laid_out = lay_out(text, sms_type)
    assert (laid_out.units, laid_out.pages, laid_out.shown) == (units, pages, text)


def test_the_alphabet_has_its_127_and_10_characters() -> None:
    assert (len(GSM_BASIC), len(GSM_EXTENDED), len(GSM_BASIC & GSM_EXTENDED)) == (127, 10, 0)


@pytest.mark.parametrize("sms_type", ["0", "1"])
def test_what_gsm_can_not_carry_arrives_as_a_question_mark(mock_kobo: MockControl, send: Send, sms_type: str) -> None:
    send(msg="ok 😀 ش", type=sms_type)
    assert (mock_kobo.messages[0]["msg"], mock_kobo.messages[0]["characters"]) == ("ok ? ?", 6)


def test_pages_times_recipients_times_price(mock_kobo: MockControl, send: Send, answer: Send) -> None:
    mock_kobo.set_account(balance=Decimal("100.00"), page_price=Decimal("2.35"))
    assert send(to="2348030100001,2348030100002,2348030100003", msg="a" * 161) == "sent"
    assert answer("credit") == "85.90"
    assert [sms["cost"] for sms in mock_kobo.messages] == [4.7] * 3


def test_the_last_page_that_can_be_paid(mock_kobo: MockControl, send: Send, answer: Send) -> None:
    mock_kobo.set_account(balance=8)
    assert send(to="2348030100001,2348030100002,2348030100003") == "error_credit"
    assert send(msg="a" * 161) == "sent"
    assert answer("credit") == "0.00"
    assert send() == "error_credit"
    assert len(mock_kobo.messages) == 1


def test_decimals_do_not_drift(mock_kobo: MockControl, send: Send, answer: Send) -> None:
    mock_kobo.set_account(balance=1, page_price=Decimal("0.1"))
    assert [send() for _ in range(11)] == ["sent"] * 10 + ["error_credit"]
    assert answer("credit") == "0.00"


def test_full_pages(mock_kobo: MockControl, send: Send) -> None:
    mock_kobo.set_dialect(full_pages=True)
    send(msg="a" * 320)
    send(msg="a" * 321)
    assert [sms["pages"] for sms in mock_kobo.messages] == [2, 3]
