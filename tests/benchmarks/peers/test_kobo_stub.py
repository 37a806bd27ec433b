"""The KoboMobile of `make bench` answers as the mock does, executes as often, and loses what it is told to lose."""

from __future__ import annotations

import http.client
import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import pytest

from benchmarks.peers.kobo_stub import PASSWORD, USER

if TYPE_CHECKING:
    from benchmarks.peers.double_process import DoubleProcess
    from mock_kobo.control_client import MockControl

FIRST, SECOND = "2348030100001", "2348030100002"
GOOD = {"user": USER, "pass": PASSWORD, "from": "KOBO", "to": FIRST, "msg": "Hello", "enable_msg_id": "1"}
CALLS: tuple[dict[str, str], ...] = (
    GOOD,
    GOOD | {"to": f"{SECOND},{FIRST},{FIRST}"},
    GOOD | {"enable_msg_id": "0"},
    GOOD | {"message_uuid": "the-same"},
    GOOD | {"message_uuid": "the-same"},
    GOOD | {"to": "0803"},
    GOOD | {"to": "2348030009004"},
    GOOD | {"to": ",".join(f"23480301{at:05d}" for at in range(501))},
    GOOD | {"msg": ""},
    GOOD | {"type": "7"},
    GOOD | {"pass": "another"},
)
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


def post(base_url: str, fields: dict[str, str]) -> str:
    where = urlsplit(base_url)
    connection = http.client.HTTPConnection(where.netloc, timeout=10)
    try:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", f"{where.path}/send/", urlencode(fields), form)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def test_it_answers_as_the_mock_does(kobo_stub: DoubleProcess, mock_kobo: MockControl) -> None:
    mock_kobo.set_account(user=USER, password=PASSWORD, balance=1000)
    on_stub, on_mock = ([post(url, call) for call in CALLS] for url in (f"{kobo_stub.url}/api", mock_kobo.base_url))

    assert [ID.sub("ID", answer) for answer in on_stub] == [ID.sub("ID", answer) for answer in on_mock]
    assert on_stub[3] == on_stub[4] != on_stub[0]
    told = kobo_stub.ask("/_stub/run")
    assert told["executed"] == len(mock_kobo.messages)
    assert told["different"] == 2
    assert told["refused"] == len([answer for answer in on_mock if answer.startswith("error_")])


def test_it_loses_answers_once_the_text_is_executed(kobo_stub: DoubleProcess) -> None:
    kobo_stub.ask("/_stub/begin", {"latency": 0.0, "losing": 1.0})
    with pytest.raises(ConnectionError):
        post(f"{kobo_stub.url}/api", GOOD)
    told = kobo_stub.ask("/_stub/run")
    assert (told["calls"], told["lost"], told["executed"]) == (1, 1, 1)


def test_a_run_forgets_the_one_before(kobo_stub: DoubleProcess) -> None:
    post(f"{kobo_stub.url}/api", GOOD)
    assert kobo_stub.ask("/_stub/begin", {"latency": 0.0, "losing": 0.0})["executed"] == 0
