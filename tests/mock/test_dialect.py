"""Every switch of the dialect, by the answers it makes."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from mock_kobo.control_client import MockControl

Send = Callable[..., str]
Two = tuple[str, str]
BOTH = "2348030100002,2348030100001"


def _pairs(mock_kobo: MockControl) -> dict[str, str]:
    return {sms["to"]: f"{sms['to']},{sms['msgid']}" for sms in mock_kobo.messages}


@pytest.mark.parametrize(("quoting", "expected"), [("plain", "sent"), ("json", '"sent"')])
def test_quoting(mock_kobo: MockControl, send: Send, quoting: str, expected: str) -> None:
    mock_kobo.set_dialect(quoting=quoting)
    assert send() == expected


def test_json_quotes_errors_and_balances_too(mock_kobo: MockControl, answer: Send) -> None:
    mock_kobo.set_dialect(quoting="json")
    assert answer("credit") == '"100000.00"'
    assert answer("report", msgid="x") == '"error_msgid"'


def test_white_space(mock_kobo: MockControl, send: Send) -> None:
    mock_kobo.set_dialect(whitespace=True)
    assert send() == " sent\r\n"


def test_no_ids_although_asked(mock_kobo: MockControl, send: Send) -> None:
    mock_kobo.set_dialect(give_ids=False)
    assert send(enable_msg_id="1") == "sent"


@pytest.mark.parametrize(
    ("id_format", "alphabet", "length"), [("hex8", "0123456789abcdef", 8), ("digits", "0123456789", 16)]
)
def test_id_formats(mock_kobo: MockControl, send: Send, id_format: str, alphabet: str, length: int) -> None:
    mock_kobo.set_dialect(id_format=id_format)
    text = send(to=",".join(f"23480301{number:05d}" for number in range(500)), enable_msg_id="1")
    ids = [pair.split(",")[1] for pair in text.split("~")]
    assert len(set(ids)) == 500
    assert all(len(msgid) == length and set(msgid) <= set(alphabet) for msgid in ids)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("number", ["2348030100001", "2348030100002"]),
        ("asked", ["2348030100002", "2348030100001"]),
        ("reversed", ["2348030100001", "2348030100002"]),
    ],
)
def test_order_of_pairs(mock_kobo: MockControl, send: Send, order: str, expected: list[str]) -> None:
    mock_kobo.set_dialect(pair_order=order)
    text = send(to=BOTH, enable_msg_id="1")
    pairs = _pairs(mock_kobo)
    assert text == "~".join(pairs[number] for number in expected)


def test_reversed_is_the_order_asked_backwards(mock_kobo: MockControl, send: Send) -> None:
    mock_kobo.set_dialect(pair_order="reversed")
    text = send(to="2348030100001,2348030100003,2348030100002", enable_msg_id="1")
    assert [pair.split(",")[0][-1] for pair in text.split("~")] == ["2", "3", "1"]


def test_a_space_after_the_comma(mock_kobo: MockControl, send: Send) -> None:
    mock_kobo.set_dialect(pair_space=True)
    assert send(enable_msg_id="1") == f"2348030100001, {mock_kobo.messages[0]['msgid']}"


def test_a_trailing_tilde(mock_kobo: MockControl, send: Send) -> None:
    mock_kobo.set_dialect(trailing_tilde=True)
    assert send(enable_msg_id="1") == f"2348030100001,{mock_kobo.messages[0]['msgid']}~"


@pytest.mark.parametrize(("pair_set", "numbers"), [("one_missing", 1), ("all", 2), ("one_extra", 3)])
def test_pairs_too_few_or_too_many(mock_kobo: MockControl, send: Send, pair_set: str, numbers: int) -> None:
    mock_kobo.set_dialect(pair_set=pair_set)
    answered = {pair.split(",")[0] for pair in send(to=BOTH, enable_msg_id="1").split("~")}
    assert len(answered) == numbers
    assert len(answered & set(BOTH.split(","))) == min(2, numbers)
    assert len(mock_kobo.messages) == 2


def test_who_is_asked_for_is_not_the_one_too_many(mock_kobo: MockControl, send: Send) -> None:
    mock_kobo.set_dialect(pair_set="one_extra")
    answered = send(to="2348030199999", enable_msg_id="1")
    assert answered == f"2348030199999,{mock_kobo.messages[0]['msgid']}"


@pytest.mark.parametrize(
    ("balance_format", "expected"),
    [
        ("plain", "1234.50"),
        ("commas", "1,234.50"),
        ("integer", "1234"),
        ("json", '{"balance": 1234.50}'),
        ("json_text", '{"balance": "1234.50"}'),
    ],
)
def test_balance_formats(mock_kobo: MockControl, answer: Send, balance_format: str, expected: str) -> None:
    mock_kobo.set_account(balance=Decimal("1234.5"))
    mock_kobo.set_dialect(balance_format=balance_format)
    assert answer("credit") == expected


def test_a_balance_in_json_is_not_quoted_again(mock_kobo: MockControl, answer: Send) -> None:
    mock_kobo.set_dialect(balance_format="json", quoting="json")
    assert answer("credit") == '{"balance": 100000.00}'


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("2348030100001", "DELIVRD err:000"),
        ("2348030009101", "UNDELIV err:0dc"),
        ("2348030009102", "UNDELIV_DND err:008"),
        ("2348030009105", "PROCESSED"),
        ("2348030009106", "UNDELIV err:0dc"),
    ],
)
def test_err_suffix(mock_kobo: MockControl, send: Send, answer: Send, number: str, expected: str) -> None:
    mock_kobo.set_dialect(err_suffix=True)
    msgid = send(to=number, enable_msg_id="1").split(",")[1]
    mock_kobo.advance(60)
    assert answer("report", msgid=msgid) == expected


@pytest.mark.parametrize("word", ["ENROUTE", "ACCEPTD", "UNKNOWN", ""])
def test_report_words(mock_kobo: MockControl, send: Send, answer: Send, word: str) -> None:
    mock_kobo.set_dialect(report_words={"PROCESSED": word, "DELIVRD": "DELETED"})
    mock_kobo.set_clock(frozen=True)
    msgid = send(enable_msg_id="1").split(",")[1]
    assert answer("report", msgid=msgid) == word
    mock_kobo.advance(60)
    assert answer("report", msgid=msgid) == "DELETED"


@pytest.mark.parametrize("token", ["error_limit", "error_number", "error_param"])
def test_the_answer_to_a_bad_number(mock_kobo: MockControl, send: Send, token: str) -> None:
    mock_kobo.set_dialect(bad_number=token)
    assert send(to="2348030100001,123") == token
    assert mock_kobo.messages == []


def test_pairs_and_errors_mixed(mock_kobo: MockControl, send: Send) -> None:
    mock_kobo.set_dialect(bad_number="mixed")
    text = send(to="2348030100001,123", enable_msg_id="1")
    assert text == f"123,error_number~2348030100001,{mock_kobo.messages[0]['msgid']}"
    assert send(to="123", enable_msg_id="1") == "error_limit"


@pytest.mark.parametrize("token", ["error_invalid_senderid", "error_restricted_senderid"])
def test_the_answer_to_a_bad_sender(mock_kobo: MockControl, send: Send, token: str) -> None:
    mock_kobo.set_dialect(bad_sender=token)
    assert send(**{"from": "A" * 12}) == token


def test_words_for_enable_msg_id_can_be_refused(mock_kobo: MockControl, send: Send) -> None:
    mock_kobo.set_dialect(true_words=False)
    assert [send(enable_msg_id=value) for value in ("true", "0")] == ["error_param", "sent"]


def test_a_least_length_of_message_uuid(mock_kobo: MockControl, send: Send) -> None:
    mock_kobo.set_dialect(uuid_min=24)
    assert [send(message_uuid="u" * length) for length in (23, 24)] == ["error_param", "sent"]
