"""Parts that nobody can work with: they are put off, further each time, and stop nobody else."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from kobo_sms.kobomobile.answers import Report
from kobo_sms.reports.store import ReportStore, StatsStore
from kobo_sms.reports.writer import pause_after
from tests.integration.reports.polled_parts import NUMBERS, Gateway, due_of, finals, parts, put, run

if TYPE_CHECKING:
    from kobo_sms.reports.poller import Poller
    from tests.integration.conftest import Clock, Stack
    from tests.integration.reports.conftest import MakePoller

# What is wrong with a part, and the error that tells.
FAULTY: dict[str, tuple[dict[str, Any], str]] = {
    "no-sent-at": ({"sent_at": None}, "KeyError"),
    "sent-at-is-text": ({"sent_at": "soon"}, "ValueError"),
    "no-recipients": ({"recipients": None}, "KeyError"),
    "recipients-are-text": ({"recipients": "2348030100001"}, "AttributeError"),
    "recipient-is-text": ({"recipients": {NUMBERS[0]: "sent"}}, "AttributeError"),
    "msgid-is-a-number": ({"recipients": {NUMBERS[0]: {"msgid": Decimal(5)}}}, "TypeError"),
    "asked-at-is-text": ({"asked_at": "soon"}, "ValueError"),
}
GOOD = 20
HUGE = {f"{at:03}" + 61 * "\U0001f600": {"state": "rejected", "reason": "x" * 66} for at in range(1000)}


def put_all(aws: Stack, clock: Clock) -> None:
    for at, (id_, (changed, _)) in enumerate(FAULTY.items()):
        put(aws, clock, id_, due=-1000.0 + at, **changed)
    for at in range(GOOD):
        put(aws, clock, f"good-{at:02}", due=-100.0 + at)


def good_ones(aws: Stack) -> list[bool]:
    found = parts(aws)
    return ["state" in found[f"good-{at:02}"]["recipients"][NUMBERS[0]] for at in range(GOOD)]


def test_parts_that_nobody_can_poll_stop_nobody_else(
    aws: Stack, clock: Clock, make_poller: MakePoller, gateway: Gateway
) -> None:
    put_all(aws, clock)
    tally = run(make_poller(gateway), clock)
    assert all(good_ones(aws))
    assert (tally.failure, tally.stopped, tally.parts, tally.put_off) == (None, None, GOOD, len(FAULTY))
    assert {each.key: type(each.error).__name__ for each in tally.faulty} == {
        (id_, "0"): error for id_, (_, error) in FAULTY.items()
    }
    later = due_of(aws)
    assert {later[id_] for id_ in FAULTY} == {clock.now + 300}
    # Of them only the last one shows its fault too late to save the call.
    assert len(gateway.asked) == GOOD + 1


def test_each_time_they_are_put_off_further(aws: Stack, clock: Clock, gateway_poller: Poller) -> None:
    put(aws, clock, "order-1", sent_at=None)
    pauses = []
    for times in range(1, 9):
        (each,) = run(gateway_poller, clock).faulty
        assert each.times == times == parts(aws)["order-1"]["put_off"]
        assert run(gateway_poller, clock).put_off == 0
        pauses.append((due_of(aws)["order-1"] or 0) - clock.now)
        clock.now += pauses[-1]
    assert pauses == [300, 600, 1200, 2400, 4800, 9600, 14_400, 14_400]


def test_they_are_never_forgotten(aws: Stack, clock: Clock, gateway_poller: Poller) -> None:
    """Far past the hour of giving up, and though the count of its pauses is no number."""
    put(aws, clock, "order-1", sent_at=None, put_off="often")
    clock.now += 30 * 86_400
    assert run(gateway_poller, clock).put_off == 1
    assert parts(aws)["order-1"]["put_off"] == 1
    assert pause_after(10_000) == 14_400


def test_one_that_was_mended_is_polled_and_starts_anew(aws: Stack, clock: Clock, gateway_poller: Poller) -> None:
    put(aws, clock, "order-1", put_off=5)
    assert run(gateway_poller, clock).parts == 1
    assert "put_off" not in parts(aws)["order-1"]


def test_one_that_waits_on_starts_anew_too(aws: Stack, clock: Clock, make_poller: MakePoller) -> None:
    put(aws, clock, "order-1", put_off=5)
    run(make_poller(Gateway(Report("ENROUTE"))), clock)
    assert "put_off" not in parts(aws)["order-1"]
    assert (due_of(aws)["order-1"] or 0) > clock.now


def test_one_that_would_outgrow_its_item_stops_nobody_else(
    aws: Stack, clock: Clock, make_poller: MakePoller, gateway: Gateway
) -> None:
    numbers = [f"23480302{at:05d}" for at in range(500)]
    recipients = {number: {"msgid": f"huge-{number}"} for number in numbers}
    put(aws, clock, "huge", due=-1000.0, recipients=recipients | HUGE)
    put(aws, clock, "good")
    gateway.answers = {each["msgid"]: Report("UNDELIV", "0dc") for each in recipients.values()}
    tally = run(make_poller(gateway, most_at_once=8), clock)
    assert (tally.failure, tally.parts, tally.put_off) == (None, 1, 1)
    (each,) = tally.faulty
    assert (each.key, type(each.error)) == (("huge", "0"), ClientError)
    assert "state" in parts(aws)["good"]["recipients"][NUMBERS[0]]
    assert due_of(aws)["huge"] == clock.now + 300


def test_an_error_that_concerns_everybody_puts_nobody_off(
    aws: Stack, clock: Clock, gateway_poller: Poller, reports: ReportStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(aws, clock, "order-1")
    before, refused = due_of(aws), ClientError({"Error": {"Code": "AccessDeniedException"}}, "UpdateItem")

    def denied(*_: Any, **__: Any) -> None:
        raise refused

    monkeypatch.setattr(reports, "record_reports", denied)
    tally = run(gateway_poller, clock)
    assert (tally.failure, tally.put_off) == (refused, 0)
    assert due_of(aws) == before


def test_where_even_putting_off_fails_the_run_ends(
    aws: Stack, clock: Clock, gateway_poller: Poller, reports: ReportStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(aws, clock, "order-1", sent_at=None)
    refused = ClientError({"Error": {"Code": "ValidationException"}}, "UpdateItem")

    def denied(*_: Any, **__: Any) -> None:
        raise refused

    monkeypatch.setattr(reports, "put_off", denied)
    assert run(gateway_poller, clock).failure is refused


def test_what_somebody_else_has_written_is_not_put_off(aws: Stack, clock: Clock, reports: ReportStore) -> None:
    put(aws, clock, "order-1", due=60.0)
    put(aws, clock, "order-2")
    before = due_of(aws)
    assert not reports.put_off(("order-1", "0"), now=clock.now, until=clock.now + 300, times=1)
    assert not reports.put_off(("gone", "0"), now=clock.now, until=clock.now + 300, times=1)
    assert reports.put_off(("order-2", "0"), now=clock.now, until=clock.now + 300, times=1)
    assert due_of(aws) == before | {"order-2": clock.now + 300}


def test_of_two_that_put_a_part_off_one_is_counted(
    aws: Stack, clock: Clock, make_poller: MakePoller, reports: ReportStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(aws, clock, "order-1", sent_at=None)
    put_off, others = reports.put_off, []

    def late(*key: Any, **how: Any) -> bool:
        monkeypatch.setattr(reports, "put_off", put_off)
        clock.now += 100
        others.append(run(make_poller(Gateway()), clock).put_off)
        return put_off(*key, **how)

    monkeypatch.setattr(reports, "put_off", late)
    assert (run(make_poller(Gateway()), clock).put_off, others) == (0, [1])
    assert parts(aws)["order-1"]["put_off"] == 1


def test_statistics_that_nobody_can_read_stop_no_run(
    aws: Stack, clock: Clock, make_poller: MakePoller, stats: StatsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stats, "since", lambda start: iter([{"t|delivered|MTN|1": "many"}]))
    put(aws, clock, "order-1", *NUMBERS[:2])
    tally = run(make_poller(Gateway(Report("ENROUTE"))), clock)
    assert (tally.failure, tally.parts, finals(aws)) == (None, 1, 0)
    assert list(tally.unreadable) == ["statistics"]
    assert (due_of(aws)["order-1"] or 0) > clock.now
