"""Each shape of an answer in docs/kobomobile-api.md, documented, observed or plausible."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.errors import UnreadableBalance
from kobo_sms.kobomobile.answers import (
    Accepted,
    Lost,
    Refused,
    Report,
    Unreachable,
    read_credit,
    read_report,
    read_send,
)

ONE, TWO = "2348030100001", "2348030100002"
UUID = "9b5b0a2e-7a3c-4a39-9f5e-1d4a6c0f1b11"
HTML = b"<html>\r\n<head><title>503 Service Unavailable</title></head><body>nginx</body></html>"
# Each way to word an answer: bare, as a JSON string, with white space, with a byte order mark.
WORDINGS = ["{}", '"{}"', " {}\r\n", ' "{}" \n', '" {} "', "\ufeff{}", '\ufeff"{}"\n']
BYTES = st.binary(max_size=300) | st.text(alphabet='sent error_~,"{}<>0123456789.-E+\n', max_size=60).map(str.encode)


@pytest.mark.parametrize("wording", WORDINGS)
@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("sent", Accepted()),
        *((token, Refused(token)) for token in ["error_param", "error_user", "error_restricted_senderid", "error_x_y"]),
        (f"{ONE},{UUID}", Accepted({ONE: UUID})),
        (f"{ONE},4b1d777e", Accepted({ONE: "4b1d777e"})),
        (f"{ONE}, 4b1d777e", Accepted({ONE: "4b1d777e"})),
        (f"+{ONE},4b1d777e", Accepted({ONE: "4b1d777e"})),
        (f"{TWO},b~{ONE},a", Accepted({ONE: "a", TWO: "b"})),
        (f"{ONE},a~{TWO},b~", Accepted({ONE: "a", TWO: "b"})),
        (f"{ONE} , a ~ {TWO}, b", Accepted({ONE: "a", TWO: "b"})),
        (f"{ONE},error_number~{TWO},b", Accepted({TWO: "b"}, {ONE: "error_number"})),
        (f"{ONE},error_number", Accepted({}, {ONE: "error_number"})),
    ],
)
def test_answers_of_send(wording: str, said: str, answer: Accepted | Refused) -> None:
    assert read_send(200, wording.format(said).encode()) == answer


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \r\n",
        b'""',
        HTML,
        b"Sent",
        b"sent~",
        b"senterror_gw",
        b"error_",
        b"ERROR_PARAM",
        b"error_param error_gw",
        b'"sent',
        b"{}",
        b'{"status": "sent"}',
        b"null",
        b"1",
        b"~",
        ONE.encode(),
        f"{ONE},".encode(),
        f"{ONE},a~{TWO}".encode(),
        f"{ONE},a~{TWO},".encode(),
        f"{ONE},a~~{TWO},b".encode(),
        f"{ONE},a~23480".encode(),
        f"{ONE},a,{TWO},b".encode(),
        f"{ONE},a~error_gw".encode(),
        f"{ONE},{'a' * 65}".encode(),
        f"{ONE},\x1b[2J".encode(),
        f"{ONE},a\u202eb".encode(),
        f"error_{'x' * 41}".encode(),
        b"\x1f\x8b\x00\xff",
        b"\xff\xfes\x00e\x00n\x00t\x00",
    ],
)
@pytest.mark.parametrize("status", [200, 503])
def test_what_is_no_answer_of_send_is_lost(status: int, body: bytes) -> None:
    answer = read_send(status, body)
    assert isinstance(answer, Lost)
    assert f"HTTP {status}" in answer.why


def test_a_lost_answer_quotes_nothing() -> None:
    answer = read_send(200, f"{ONE},a~ PIN 4711".encode())
    assert answer == Lost("HTTP 200, unreadable body of 25 bytes")


@given(
    st.dictionaries(st.integers(10**12, 10**15 - 1).map(str), st.uuids().map(str), min_size=1),
    st.sampled_from(WORDINGS),
)
def test_pairs_read_back(ids: dict[str, str], wording: str) -> None:
    body = wording.format("~".join(f"{number},{id_}" for number, id_ in ids.items()))
    assert read_send(200, body.encode()) == Accepted(ids)


@pytest.mark.parametrize("wording", WORDINGS)
@pytest.mark.parametrize(
    ("said", "answer"),
    [
        *((word, Report(word)) for word in ["DELIVRD", "UNDELIV", "UNDELIV_DND", "PROCESSED", "UNKNOWN", "NEW_WORD"]),
        ("delivrd", Report("DELIVRD")),
        ("UNDELIV err:0dc", Report("UNDELIV", "0dc")),
        ("UNDELIV  err:0DC", Report("UNDELIV", "0dc")),
        ("", Report("")),
        ("error_msgid", Refused("error_msgid")),
    ],
)
def test_answers_of_report(wording: str, said: str, answer: Report | Refused) -> None:
    assert read_report(200, wording.format(said).encode()) == answer


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, HTML),
        (503, HTML),
        (503, b""),
        (502, b"DELIVRD"),
        (200, b"\xff"),
        (200, b"DELIVRD UNDELIV"),
        (200, b"12"),
        (204, b""),
        (202, b""),
        (206, b"DELIVRD"),
        (100, b""),
    ],
)
def test_what_is_no_report_is_lost(status: int, body: bytes) -> None:
    assert isinstance(read_report(status, body), Lost)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("body", ["", "sent", f"{ONE},a", "DELIVRD", "error_msgid", "error_user", "100"])
def test_a_redirect_is_never_an_answer(status: int, body: str) -> None:
    for read in (read_send, read_report, read_credit):
        found = read(status, body.encode())
        assert isinstance(found, Lost)
        assert f"HTTP {status}" in found.why


def test_an_error_token_counts_whatever_the_status() -> None:
    assert read_report(500, b"error_user") == Refused("error_user")
    assert read_send(500, b"error_user") == Refused("error_user")
    assert read_credit(500, b"error_user") == Refused("error_user")


@pytest.mark.parametrize(
    ("body", "balance"),
    [
        ("1234", "1234"),
        ("1234.50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("12,345,678", "12345678"),
        ('"1,234.50"', "1234.50"),
        (" 0\n", "0"),
        ("-3.5", "-3.5"),
        ("\ufeff7", "7"),
        ('{"balance": 1234.50}', "1234.50"),
        ('{"balance": "1,234.50"}', "1234.50"),
        ('{"Balance": 7, "currency": "NGN"}', "7"),
    ],
)
def test_balances(body: str, balance: str) -> None:
    read = read_credit(200, body.encode())
    assert isinstance(read, Decimal)
    assert str(read) == balance


@pytest.mark.parametrize(("status", "body"), [(503, HTML), (200, HTML), (200, b""), (200, b"\xff"), (500, b"12")])
def test_no_answer_of_credit_is_lost(status: int, body: bytes) -> None:
    assert isinstance(read_credit(status, body), Lost)


@pytest.mark.parametrize(
    "body",
    [
        "sent",
        "12,34.5",
        "1.234,50",
        "NGN 12",
        "12 NGN",
        "1e3",
        "NaN",
        "{}",
        '{"balance": null}',
        '{"balance": true}',
        '{"balance": NaN}',
        '{"balance": [1]}',
        "[1]",
        "{",
        '{"balance": "x"}',
        "--1",
        "1.",
        ".5",
        "1" * 31,
        '{"balance": 1e999999}',
        '{"balance": 1e-999999}',
        '{"balance": -1E31}',
        f"0.{'1' * 31}",
    ],
)
def test_a_balance_that_cannot_be_read_is_no_zero(body: str) -> None:
    with pytest.raises(UnreadableBalance) as caught:
        read_credit(200, body.encode())
    assert body not in str(caught.value) or len(body) < 3


@given(st.sampled_from([200, 302, 404, 500, 503]), BYTES)
def test_no_bytes_make_a_reader_fail(status: int, body: bytes) -> None:
    assert isinstance(read_send(status, body), Accepted | Refused | Lost)
    assert isinstance(read_report(status, body), Report | Refused | Lost)
    try:
        assert isinstance(read_credit(status, body), Decimal | Refused | Lost)
    except UnreadableBalance:
        assert status == 200


@given(st.recursive(st.none() | st.floats() | st.text(), lambda each: st.dictionaries(st.just("balance"), each)))
def test_no_json_makes_a_reader_fail(value: object) -> None:
    test_no_bytes_make_a_reader_fail.hypothesis.inner_test(200, json.dumps(value).encode())  # type: ignore[attr-defined]


def test_labels() -> None:
    shown = [
        each.label for each in (Accepted(), Accepted({ONE: "a"}), Accepted({}, {ONE: "error_x"}), Refused("error_x"))
    ]
    assert shown == ["sent", "ids", "ids", "error_x"]
    assert (Lost("why").label, Unreachable("why").label) == ("lost: why", "unreachable: why")
    assert (Report("UNDELIV", "0dc").raw, Report("UNDELIV").raw) == ("UNDELIV err:0dc", "UNDELIV")
