"""Each rule of docs/kobomobile-api.md on the parameters of send/, credit/ and report/."""

from collections.abc import Callable

import pytest
import urllib3

from mock_kobo.control_client import MockControl

Send = Callable[..., str]
Post = Callable[..., urllib3.BaseHTTPResponse]

MANY = [f"23480301{number:05d}" for number in range(501)]


@pytest.mark.parametrize("name", ["user", "pass", "from", "to", "msg"])
@pytest.mark.parametrize("value", [None, "", " "], ids=["missing", "empty", "blank"])
def test_send_needs_its_parameters(send: Send, name: str, value: str | None) -> None:
    assert send(**{name: value}) == "error_param"


@pytest.mark.parametrize("endpoint", ["credit", "report"])
@pytest.mark.parametrize("name", ["user", "pass"])
def test_credit_and_report_need_a_login(answer: Send, endpoint: str, name: str) -> None:
    assert answer(endpoint, **{"msgid": "x", name: None}) == "error_param"


@pytest.mark.parametrize("value", [None, ""])
def test_report_needs_a_message_id(answer: Send, value: str | None) -> None:
    assert answer("report", msgid=value) == "error_param"


def test_report_of_an_unknown_id(answer: Send) -> None:
    assert answer("report", msgid="nobody-has-this") == "error_msgid"


@pytest.mark.parametrize("endpoint", ["send", "credit", "report"])
@pytest.mark.parametrize("wrong", [{"user": "other"}, {"pass": "wrong"}], ids=["user", "pass"])
def test_a_wrong_login(answer: Send, endpoint: str, wrong: dict[str, str]) -> None:
    assert answer(endpoint, **{"from": "K", "to": "1", "msg": "x", "msgid": "x"} | wrong) == "error_user"


@pytest.mark.parametrize("endpoint", ["send", "credit", "report"])
def test_a_suspended_account(mock_kobo: MockControl, answer: Send, endpoint: str) -> None:
    mock_kobo.set_account(suspended=True)
    assert answer(endpoint, msgid="x") == "error_user"


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("A" * 11, "sent"),
        ("A" * 12, "error_param"),
        ("1" * 16, "sent"),
        ("1" * 17, "error_param"),
        ("1" * 11 + "A", "error_param"),
        ("N-Alert 1", "sent"),
        ("Café", "error_param"),
        ("A\nB", "error_param"),
    ],
)
def test_sender_ids(send: Send, sender: str, expected: str) -> None:
    assert send(**{"from": sender}) == expected


@pytest.mark.parametrize(("length", "expected"), [(1, "sent"), (905, "sent"), (906, "error_param")])
def test_length_of_the_text(send: Send, length: int, expected: str) -> None:
    assert send(msg="a" * length) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("0", "sent"), ("1", "sent"), ("2", "sent"), ("3", "error_param"), ("", "error_param")]
)
def test_types(send: Send, value: str, expected: str) -> None:
    assert send(type=value) == expected


def test_left_out_the_type_is_normal(mock_kobo: MockControl, send: Send) -> None:
    send()
    assert mock_kobo.messages[0]["type"] == 0


def test_at_most_500_numbers(mock_kobo: MockControl, send: Send) -> None:
    assert send(to=",".join(MANY)) == "error_limit"
    assert mock_kobo.messages == []
    assert send(to=",".join(MANY[:500])) == "sent"
    assert len(mock_kobo.messages) == 500


@pytest.mark.parametrize(
    "number",
    [
        "+2348030100001",
        "002348030100001",
        "08030100001",
        "234803010000",
        "23480301000011",
        "2348030100001,",
        "2348030100001, 2348030100002",
        "2348030100O01",
        "234803010000١",
    ],
)
def test_numbers_not_in_international_format(mock_kobo: MockControl, send: Send, number: str) -> None:
    assert send(to=number) == "error_limit"
    assert mock_kobo.messages == []


def test_duplicate_numbers_collapse(mock_kobo: MockControl, send: Send) -> None:
    pairs = send(to="2348030100002,2348030100001,2348030100002", enable_msg_id="1").split("~")
    assert [pair.split(",")[0] for pair in pairs] == ["2348030100001", "2348030100002"]
    assert mock_kobo.account["balance"] == 100_000 - 2 * 4


@pytest.mark.parametrize(
    ("value", "ids"),
    [("0", False), ("1", True), ("true", True), ("TRUE", True), ("false", False), (None, False)],
)
def test_ids_are_given_when_asked_for(mock_kobo: MockControl, send: Send, value: str | None, ids: bool) -> None:
    text = send(enable_msg_id=value)
    assert text == (f"2348030100001,{mock_kobo.messages[0]['msgid']}" if ids else "sent")


@pytest.mark.parametrize("value", ["2", "yes", ""])
def test_enable_msg_id_is_0_or_1(send: Send, value: str) -> None:
    assert send(enable_msg_id=value) == "error_param"


@pytest.mark.parametrize(("length", "expected"), [(0, "error_param"), (1, "sent"), (64, "sent"), (65, "error_param")])
def test_length_of_message_uuid(send: Send, length: int, expected: str) -> None:
    assert send(message_uuid="u" * length) == expected


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("endpoint", ["send", "credit", "report"])
def test_with_and_without_a_trailing_slash(
    mock_kobo: MockControl, http: urllib3.PoolManager, endpoint: str, slash: str
) -> None:
    response = http.request("POST", f"{mock_kobo.base_url}/{endpoint}{slash}", redirect=False)
    assert (response.status, response.data) == (200, b"error_param")


QUERY = "user=demo&pass=demo-pass"
BODY = "from=KOBO&to=2348030100001&msg=H%C3%A9+you"


@pytest.mark.parametrize(
    ("query", "body"), [(f"{QUERY}&{BODY}", ""), ("", f"{QUERY}&{BODY}"), (QUERY, BODY), (f"{QUERY}&{BODY}", BODY)]
)
def test_parameters_in_the_body_the_query_string_or_both(
    mock_kobo: MockControl, http: urllib3.PoolManager, query: str, body: str
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = http.request("POST", f"{mock_kobo.base_url}/send/?{query}", body=body, headers=headers)
    assert response.data == b"sent"
    assert mock_kobo.messages[0]["msg"] == "Hé you"


def test_a_parameter_given_twice_with_different_values(mock_kobo: MockControl, http: urllib3.PoolManager) -> None:
    url = f"{mock_kobo.base_url}/send/?{QUERY}&{BODY}&msg=other"
    assert http.request("POST", url).data == b"error_param"


@pytest.mark.parametrize("raw", [b"%FF%FE", b"\xff\xfe", b"%ED%A0%80"])
def test_bytes_that_are_no_utf_8(mock_kobo: MockControl, http: urllib3.PoolManager, raw: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = f"{QUERY}&from=KOBO&to=2348030100001&msg=".encode() + raw
    response = http.request("POST", f"{mock_kobo.base_url}/send/", body=body, headers=headers)
    assert (response.status, response.data) == (200, b"error_param")
    assert mock_kobo.messages == []


def test_a_body_that_is_no_form(mock_kobo: MockControl, http: urllib3.PoolManager) -> None:
    response = http.request("POST", f"{mock_kobo.base_url}/credit/", json={"user": "demo", "pass": "demo-pass"})
    assert response.data == b"error_param"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("endpoint", ["send", "credit", "report"])
def test_other_methods_than_post(mock_kobo: MockControl, http: urllib3.PoolManager, endpoint: str, method: str) -> None:
    response = http.request(method, f"{mock_kobo.base_url}/{endpoint}/?{QUERY}&{BODY}")
    assert (response.status, response.headers["Allow"]) == (405, "POST")
    assert mock_kobo.messages == []


def test_a_request_line_over_8_kib(mock_kobo: MockControl, http: urllib3.PoolManager) -> None:
    long = f"{QUERY}&from=KOBO&msg=x&to=" + ",".join(MANY * 2)
    assert http.request("POST", f"{mock_kobo.base_url}/send/?{long}").status == 414


def test_an_endpoint_that_is_not_there(mock_kobo: MockControl, http: urllib3.PoolManager) -> None:
    assert http.request("POST", f"{mock_kobo.base_url}/balance/").status == 404


def test_ids_are_of_uuid_form_and_sorted_by_number(send: Send) -> None:
    pairs = [pair.split(",") for pair in send(to="2348030100009,2348030100003", enable_msg_id="1").split("~")]
    assert [number for number, _ in pairs] == ["2348030100003", "2348030100009"]
    assert all(len(msgid) == 36 and msgid[14] == "4" for _, msgid in pairs)
