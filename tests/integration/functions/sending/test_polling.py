"""Reports over hours and days, by a clock of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast

import pytest

from kobo_sms.answers import ReportAnswer
from kobo_sms.client import KoboClient
from kobo_sms.polling import Poller
from kobo_sms.settings import ReportSettings
from kobo_sms.store import Store

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.functions.conftest import Stack
    from tests.integration.functions.sending.conftest import Desk

Pollers = Callable[[], Poller]
FOREVER, SOON = "2348030009105", "2348030100001"


def poll(poller: Pollers, desk: Desk, after: float) -> int:
    desk.clock.now += after
    return poller().run(desk.clock.now + 60).parts


def recipient(desk: Desk, number: str = SOON) -> dict[str, Any]:
    found: dict[str, Any] = desk.item()["recipients"][number]
    return found


def test_the_first_question_and_ever_longer_waits(desk: Desk, poller: Pollers) -> None:
    desk.send(to=FOREVER)
    sent = desk.clock.now
    assert poll(poller, desk, 119.9) == 0
    assert poll(poller, desk, 0.1) == 1
    assert float(desk.item()["due_at"]) == sent + 120 + 60
    assert poll(poller, desk, 600) == 1
    assert float(desk.item()["due_at"]) == sent + 720 + 360
    assert poll(poller, desk, 86_400) == 1
    assert float(desk.item()["due_at"]) == desk.clock.now + 3600


def test_processed_for_ever_ends_unknown(desk: Desk, poller: Pollers) -> None:
    desk.send(to=[FOREVER])
    poll(poller, desk, 72 * 3600 - 1)
    assert "state" not in recipient(desk, FOREVER)
    poll(poller, desk, 3600)
    known = recipient(desk, FOREVER)
    assert (known["state"], known["reason"]) == ("unknown", "no final report within 72 hours")
    assert known["report"] == "PROCESSED"
    assert "due_at" not in desk.item()


@pytest.mark.parametrize(("after", "state"), [(120, None), (3600, None), (3601, "unknown")])
def test_an_id_that_kobomobile_does_not_know(
    desk: Desk, poller: Pollers, kobo: MockControl, after: float, state: str | None
) -> None:
    kobo.add_fault(endpoint="report", answer="error_msgid")
    desk.send()
    poll(poller, desk, after)
    assert recipient(desk).get("state") == state
    assert ("due_at" in desk.item()) is (state is None)


def test_an_id_known_late_is_delivered(desk: Desk, poller: Pollers, kobo: MockControl) -> None:
    kobo.fail_next("report", "error_msgid")
    kobo.set_clock(delivery_seconds=0)
    desk.send()
    poll(poller, desk, 120)
    poll(poller, desk, 60)
    assert recipient(desk)["state"] == "delivered"


def test_what_is_final_is_not_asked_about_again(desk: Desk, poller: Pollers, kobo: MockControl) -> None:
    kobo.set_clock(delivery_seconds=0)
    desk.send(to=[SOON, FOREVER])
    poll(poller, desk, 120)
    poll(poller, desk, 60)
    assert len(kobo.list_calls(endpoint="report")) == 3
    assert recipient(desk)["state"] == "delivered"


def test_a_word_nobody_knows_is_kept_and_asked_about_again(desk: Desk, poller: Pollers, kobo: MockControl) -> None:
    kobo.fail_next("report", "SOMETHING_NEW err:1a2")
    desk.send()
    poll(poller, desk, 120)
    assert recipient(desk)["report"] == "SOMETHING_NEW err:1a2"
    assert "state" not in recipient(desk)
    assert "due_at" in desk.item()


def test_recipients_that_never_left_are_not_asked_about(desk: Desk, poller: Pollers, kobo: MockControl) -> None:
    kobo.set_dialect(pair_set="one_missing")
    desk.send(to=[SOON, FOREVER, "x"])
    poll(poller, desk, 120)
    assert len(kobo.list_calls(endpoint="report")) == 1
    assert {number: each.get("state") for number, each in desk.item()["recipients"].items()} == {
        FOREVER: "unknown",
        SOON: recipient(desk).get("state"),
        "x": "rejected",
    }


def test_of_two_pollers_the_second_one_loses(desk: Desk, aws: Stack, kobo: MockControl) -> None:
    desk.send()
    item = desk.item()
    settled = {SOON: {"msgid": "a", "state": "delivered"}}
    later = {SOON: {"msgid": "a", "state": "expired"}}
    now = desk.clock.now + 120
    store: Store = desk.store
    assert store.record_reports(item, settled, now=now, next_due=now + 60)
    assert not store.record_reports(item, later, now=now, next_due=None)
    assert recipient(desk)["state"] == "delivered"
    assert store.record_reports(desk.item(), settled, now=now, next_due=None)
    assert not store.record_reports(item, later, now=now, next_due=None)
    assert recipient(desk)["state"] == "delivered"


def test_what_is_learned_before_time_is_up_is_kept(desk: Desk, poller: Pollers, kobo: MockControl) -> None:
    numbers = [f"234803010000{digit}" for digit in range(6)]
    kobo.set_clock(delivery_seconds=0)
    desk.send(to=numbers)
    desk.clock.now += 120
    deadline, reports = desk.clock.now + 60, ReportSettings(first_after=120, give_up_after=72 * 3600)

    class Slow:
        """Each answer takes twenty seconds, so that time is up after the third."""

        def report(self, msgid: str) -> ReportAnswer:
            desk.clock.now += 20
            return desk.client.report(msgid)

    with ThreadPoolExecutor(1) as one_at_a_time:
        slow = Poller(desk.store, cast(KoboClient, Slow()), reports, desk.clock, one_at_a_time)
        assert slow.run(deadline).calls == 3
    known = [number for number in numbers if "state" in recipient(desk, number)]
    assert len(known) == 3
    assert "due_at" in desk.item()
    poll(poller, desk, 3600)
    assert all(recipient(desk, number)["state"] == "delivered" for number in numbers)
