"""What the page shows stays small and is found by index, whatever was sent."""

import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
import urllib3

from mock_kobo.app import create_app
from mock_kobo.control_client import MockControl
from mock_kobo.inbox.routes import seconds_to_next_report
from mock_kobo.inbox.views import view
from mock_kobo.mock import EXTENSION, Mock
from mock_kobo.rules.pages import lay_out
from mock_kobo.state.messages import Sending

Send = Callable[..., str]
LIMITS = {"phones": 50, "thread": 50, "calls": 50}


@pytest.fixture
def look(mock_kobo: MockControl, http: urllib3.PoolManager) -> Callable[..., dict[str, Any]]:
    """Return the view of the page."""

    def ask(**query: str) -> dict[str, Any]:
        found: dict[str, Any] = http.request("GET", f"{mock_kobo.url}/_mock/view", fields=query).json()
        return found

    return ask


def test_phones_newest_first(send: Send, look: Callable[..., dict[str, Any]]) -> None:
    for number in (1, 2, 3, 1):
        send(to=f"234803010000{number}", msg=f"to {number}")
    shown = [(row["to"][-1], row["count"], row["msg"]) for row in look()["phones"]]
    assert shown == [("1", 2, "to 1"), ("3", 1, "to 3"), ("2", 1, "to 2")]


def test_one_phone_newest_first(send: Send, look: Callable[..., dict[str, Any]]) -> None:
    for text in ("first", "second"):
        send(msg=text)
    thread = look(phone="2348030100001")["thread"]
    assert (thread["count"], [sms["msg"] for sms in thread["messages"]]) == (2, ["second", "first"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("code", {"Your CODE is 1"}),
        ("مرحبا", {"مرحبا بك"}),
        ("مر", {"مرحبا بك"}),
        ('a "quoted', {'a "quoted" word'}),
        ("100%", {"100% off"}),
        ("nothing like it", set()),
        ("2348030100003", {"100% off"}),
        ("0803 010 0003", {"100% off"}),
        ("+234 803-010 0003", {"100% off"}),
        ("00003", {"100% off"}),
        ("0100003", {"100% off"}),
        ("803010000", {"Your CODE is 1", "مرحبا بك", "100% off", 'a "quoted" word'}),
    ],
)
def test_search(send: Send, look: Callable[..., dict[str, Any]], query: str, found: set[str]) -> None:
    for number, text in enumerate(["Your CODE is 1", "مرحبا بك", "100% off", 'a "quoted" word'], start=1):
        send(to=f"234803010000{number}", msg=text, type="2")
    assert {row["msg"] for row in look(q=query)["hits"]} == found


def test_the_balance_over_time(mock_kobo: MockControl, send: Send, look: Callable[..., dict[str, Any]]) -> None:
    for _ in range(300):
        send()
    mock_kobo.set_account(balance=5)
    amounts = [amount for _, amount in look()["balance"]]
    assert len(amounts) <= 121
    assert (amounts[0], amounts[-1]) == (100_000, 5)
    assert amounts[:-1] == sorted(amounts[:-1], reverse=True)


@pytest.fixture
def crowded() -> Iterator[Mock]:
    """A mock with 100,000 SMS to as many phones, and as many calls."""
    mock: Mock = create_app().extensions[EXTENSION]
    text, numbers = lay_out("Hello", 0), [f"23480301{number:05d}" for number in range(100_000)]
    with mock.store.together():
        for start in range(0, 100_000, 500):
            sending = Sending(0.0, "KOBO", text, 0, None, Decimal(4))
            mock.gateway.messages.add(sending, numbers[start : start + 500], mock.gateway.settings, random.Random(0))
    yield mock
    mock.close()


def test_every_view_is_bounded(crowded: Mock) -> None:
    for query in ("", "Hello", "lo", "2348", "9", "99"):
        shown = view(crowded, query, "2348030100001", LIMITS)
        assert len(shown["phones"]) == 50
        assert len(shown["hits"] or []) <= 50
        assert len(shown["thread"]["messages"]) == 1


def test_every_query_of_the_page_and_of_a_call_uses_an_index(crowded: Mock) -> None:
    """No statement may walk a whole table: the steps SQLite takes stay the same however many rows there are."""
    asked: list[str] = []
    crowded.store._db.set_trace_callback(asked.append)
    view(crowded, "Hello", "2348030100001", LIMITS)
    view(crowded, "0803", "2348030100001", LIMITS)
    crowded.gateway.answer("report", {"user": "demo", "pass": "demo-pass", "msgid": "x"})
    sms = {"user": "demo", "pass": "demo-pass", "from": "K", "to": "2348030100001", "msg": "x", "message_uuid": "u"}
    crowded.gateway.answer("send", sms)
    seconds_to_next_report(crowded)
    crowded.gateway.messages.listed("WHERE uuid = ? ORDER BY messages.id", ("u",), 10, 0.0)
    crowded.store._db.set_trace_callback(None)
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    crowded.store._db.set_progress_handler(step, 1000)
    for sql in (one for one in asked if one.startswith(("SELECT", "\n"))):
        steps = 0
        crowded.store.rows(sql)
        # The newest 5,000 phones are walked through by some 10 steps of SQLite's machine each.
        assert steps < 120, sql
    crowded.store._db.set_progress_handler(None, 0)
