"""Reports over hours and days, by a clock of the test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kobo_sms.kobomobile.answers import ReportAnswer
from kobo_sms.reports.poller import Poller
from kobo_sms.reports.records import ReportWrite
from kobo_sms.reports.store import ReportStore
from kobo_sms.runtime import Deadline

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.reports.conftest import MakePoller
    from tests.integration.sending.conftest import Desk

FOREVER, SOON = "2348030009105", "2348030100001"


class SlowClient:
    """Each answer takes its time, by the test's clock."""

    def __init__(self, desk: Desk, seconds: float) -> None:
        self._desk, self._seconds = desk, seconds

    def log_in(self) -> None:
        self._desk.client.log_in()

    def report(self, msgid: str) -> ReportAnswer:
        self._desk.clock.now += self._seconds
        return self._desk.client.report(msgid)


def poll(poller: Poller, desk: Desk, after: float) -> int:
    desk.clock.now += after
    return poller.run(Deadline.in_seconds(60, desk.clock)).parts


def recipient(desk: Desk, number: str = SOON) -> dict[str, Any]:
    found: dict[str, Any] = desk.item()["recipients"][number]
    return found


def test_the_first_question_and_ever_longer_waits(desk: Desk, poller: Poller) -> None:
    desk.send(to=FOREVER)
    assert poll(poller, desk, 119.9) == 0
    assert poll(poller, desk, 0.1) == 1
    waits = []
    for after in (0, 600, 3000, 86_400):
        assert poll(poller, desk, after) == bool(after)
        waits.append(float(desk.item()["due_at"]) - desk.clock.now)
    assert waits == sorted(waits)
    assert 30 <= waits[0] <= 150
    assert waits[1] <= 600
    assert waits[-1] == 3600


def test_the_last_question_comes_at_the_hour_of_giving_up(desk: Desk, poller: Poller) -> None:
    desk.send(to=FOREVER)
    sent = desk.clock.now
    poll(poller, desk, 71.5 * 3600)
    assert float(desk.item()["due_at"]) == sent + 72 * 3600


def test_processed_for_ever_ends_unknown(desk: Desk, poller: Poller) -> None:
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
    desk: Desk, poller: Poller, kobo: MockControl, after: float, state: str | None
) -> None:
    kobo.add_fault(endpoint="report", answer="error_msgid")
    desk.send()
    poll(poller, desk, after)
    assert recipient(desk).get("state") == state
    assert ("due_at" in desk.item()) is (state is None)


def test_an_id_known_late_is_delivered(desk: Desk, poller: Poller, kobo: MockControl) -> None:
    kobo.fail_next("report", "error_msgid")
    kobo.set_clock(delivery_seconds=0)
    desk.send()
    poll(poller, desk, 180)
    poll(poller, desk, 180)
    assert recipient(desk)["state"] == "delivered"


def test_what_is_final_is_not_asked_about_again(desk: Desk, poller: Poller, kobo: MockControl) -> None:
    kobo.set_clock(delivery_seconds=0)
    desk.send(to=[SOON, FOREVER])
    poll(poller, desk, 180)
    poll(poller, desk, 180)
    assert len(kobo.list_calls(endpoint="report")) == 3
    assert recipient(desk)["state"] == "delivered"


def test_a_word_nobody_knows_is_kept_and_asked_about_again(desk: Desk, poller: Poller, kobo: MockControl) -> None:
    kobo.fail_next("report", "SOMETHING_NEW err:1a2")
    desk.send()
    poll(poller, desk, 180)
    assert recipient(desk)["report"] == "SOMETHING_NEW err:1a2"
    assert "state" not in recipient(desk)
    assert "due_at" in desk.item()


def test_recipients_that_never_left_are_not_asked_about(desk: Desk, poller: Poller, kobo: MockControl) -> None:
    kobo.set_dialect(pair_set="one_missing")
    desk.send(to=[SOON, FOREVER, "x"])
    poll(poller, desk, 180)
    assert len(kobo.list_calls(endpoint="report")) == 1
    assert {number: each.get("state") for number, each in desk.item()["recipients"].items()} == {
        FOREVER: "unknown",
        SOON: recipient(desk).get("state"),
        "x": "rejected",
    }


def test_of_two_pollers_the_second_one_loses(desk: Desk, reports: ReportStore) -> None:
    desk.send()
    item = desk.item()
    settled = {SOON: {"msgid": "a", "state": "delivered"}}
    later = {SOON: {"msgid": "a", "state": "expired"}}
    now = desk.clock.now + 120
    assert reports.record_reports(ReportWrite(item, settled, now, now + 60)) is None
    newer = reports.record_reports(ReportWrite(item, later, now, None))
    assert newer is not None
    assert newer["recipients"] == settled
    assert recipient(desk)["state"] == "delivered"
    assert reports.record_reports(ReportWrite(desk.item(), settled, now, None)) is None
    assert reports.record_reports(ReportWrite(item, later, now, None)) is not None
    assert recipient(desk)["state"] == "delivered"


@pytest.mark.parametrize("sooner", [0.0, 10.0, 1e9])
def test_each_write_moves_the_due_moment_on(desk: Desk, reports: ReportStore, sooner: float) -> None:
    """It doubles as the part's version: whoever has read the part before must find it changed."""
    desk.send()
    read, known = desk.item(), {SOON: {"msgid": "a", "report": "ENROUTE"}}
    before = float(read["due_at"])
    assert reports.record_reports(ReportWrite(read, known, before, before - sooner)) is None
    assert before + 0.001 <= float(desk.item()["due_at"]) < before + 0.01
    late = {SOON: {"msgid": "a", "report": "ACCEPTD"}}
    newer = reports.record_reports(ReportWrite(read, late, before, before + 60))
    assert newer is not None
    assert newer["recipients"] == known


def test_what_is_learned_before_time_is_up_is_kept(desk: Desk, make_poller: MakePoller, kobo: MockControl) -> None:
    numbers = [f"234803010000{digit}" for digit in range(6)]
    kobo.set_clock(delivery_seconds=0)
    desk.send(to=numbers)
    desk.clock.now += 120
    slow = SlowClient(desk, seconds=15)
    tally = make_poller(slow, most_at_once=1).run(Deadline.in_seconds(60, desk.clock))
    assert (tally.calls, tally.stopped) == (3, "time")
    known = [number for number in numbers if "state" in recipient(desk, number)]
    assert len(known) == 3
    # The others are due still, before whoever came later.
    assert float(desk.item()["due_at"]) <= desk.clock.now
    poll(make_poller(), desk, 1)
    assert all(recipient(desk, number)["state"] == "delivered" for number in numbers)
