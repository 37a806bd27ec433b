"""Through how many modules one event passes: what somebody has to read who wants to know what becomes of it.

A module counts when anything written in it is called; what dataclasses generate nobody reads, and what the function was
put together from is another question. A test that fails names the modules.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from kobo_sms.composition.credit import credit_app
from kobo_sms.composition.reports import report_app
from kobo_sms.composition.send import send_app
from tests.integration.conftest import create_consumers

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack
    from tests.integration.handlers.conftest import Functions

# Each is what it takes today: a new module on the way should be worth its place.
MOST = {"one SMS": 27, "one report": 20, "one alert": 22}


@contextmanager
def called_modules() -> Iterator[set[str]]:
    """Collect the modules of kobo_sms in which a function is called, in this thread and in those begun meanwhile."""
    found: set[str] = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        name, generated = frame.f_globals.get("__name__", ""), frame.f_code.co_filename.startswith("<")
        put_together = name.startswith("kobo_sms.composition.")
        if event == "call" and name.startswith("kobo_sms.") and not (generated or put_together):
            found.add(name.removeprefix("kobo_sms."))

    before = sys.getprofile()
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(before)
        threading.setprofile(None)


def hold(what: str, found: set[str]) -> None:
    assert len(found) <= MOST[what], "\n".join(sorted(found))


def test_one_sms_from_the_queue_to_sent(functions: Functions, aws: Stack, kobo: MockControl) -> None:
    functions.put({"to": "2348030100001", "msg": "Hello", "id": "order-1"})
    send_app()
    with called_modules() as found:
        functions.deliver()
    assert aws.item("order-1")["state"] == "sent"
    assert len(kobo.list_calls(endpoint="send")) == 1
    hold("one SMS", found)


def test_one_report_from_due_to_final(functions: Functions, aws: Stack, kobo: MockControl) -> None:
    functions.put({"to": "2348030100001", "msg": "Hello", "id": "order-1"})
    functions.deliver()
    kobo.advance(10)
    report_app()
    with called_modules() as found:
        assert functions.poll() == {"parts": 1, "calls": 1}
    assert aws.item("order-1")["recipients"]["2348030100001"]["state"] == "delivered"
    hold("one report", found)


def test_one_alert_from_the_balance_to_the_topic(
    deploy: Callable[..., Functions], aws: Stack, kobo: MockControl
) -> None:
    create_consumers(aws)
    functions = deploy()
    kobo.set_account(balance=1234.5)
    credit_app()
    with called_modules() as found:
        assert functions.check_credit()["alerts"] == ["low"]
    assert len(aws.alerts()) == 1
    hold("one alert", found)
