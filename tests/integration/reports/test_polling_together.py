"""Parts that are written in one call, each under a condition of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from kobo_sms.kobomobile.answers import Report
from kobo_sms.reports.records import ReportWrite
from kobo_sms.reports.store import ReportStore
from tests.integration.reports.polled_parts import NUMBERS, Gateway, due_of, finals, parts, put, run

if TYPE_CHECKING:
    from kobo_sms.reports.poller import Poller
    from tests.integration.conftest import Clock, Stack

SINGLE, TOGETHER = "dynamodb.UpdateItem", "dynamodb.BatchExecuteStatement"


@pytest.fixture
def meddle(reports: ReportStore, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Have something happen right before parts are written together."""
    write = reports.record_together

    def meddled(happens: Callable[[], None]) -> None:
        def record(writes: Sequence[ReportWrite]) -> list[bool]:
            happens()
            return write(writes)

        monkeypatch.setattr(reports, "record_together", record)

    return meddled


def written_alone(aws: Stack) -> list[str]:
    ids = (params["Key"]["id"]["S"] for params in aws.calls.of(SINGLE))
    return [id_ for id_ in ids if not id_.startswith("~")]


def test_parts_that_are_done_at_about_the_same_time_take_one_call(
    aws: Stack, clock: Clock, gateway_poller: Poller
) -> None:
    for at in range(30):
        put(aws, clock, f"order-{at}")
    assert run(gateway_poller, clock).parts == 30
    assert sorted(len(call["Statements"]) for call in aws.calls.of(TOGETHER)) == [5, 25]
    assert written_alone(aws) == []
    assert finals(aws) == 30


def test_a_part_by_itself_is_written_without_a_batch(aws: Stack, clock: Clock, gateway_poller: Poller) -> None:
    put(aws, clock, "order-0")
    run(gateway_poller, clock)
    assert (aws.calls.of(TOGETHER), written_alone(aws)) == ([], ["order-0"])


def test_large_parts_are_not_sent_in_one_body(aws: Stack, clock: Clock, gateway_poller: Poller) -> None:
    many = [f"23480302{at:05d}" for at in range(800)]
    for at in range(3):
        put(aws, clock, f"order-{at}", *many)
    assert run(gateway_poller, clock).parts == 3
    assert max(len(call["Statements"]) for call in aws.calls.of(TOGETHER)) == 2


def test_what_somebody_else_has_written_keeps_nobody_else_back(
    aws: Stack, clock: Clock, gateway_poller: Poller, meddle: Callable[[Callable[[], None]], None]
) -> None:
    for at in range(3):
        put(aws, clock, f"order-{at}", *NUMBERS[:2])
    theirs = {number: {"msgid": f"order-1-{number}"} for number in NUMBERS[:2]}
    theirs[NUMBERS[0]] |= {"report": "EXPIRED", "state": "expired"}
    meddle(lambda: put(aws, clock, "order-1", due=60.0, recipients=theirs))
    tally = run(gateway_poller, clock)
    assert (tally.parts, tally.calls, tally.failure) == (3, 6, None)
    assert sorted(end.state for end in tally.counts.ends.elements()) == ["delivered"] * 5
    known = parts(aws)["order-1"]["recipients"]
    assert [known[number]["state"] for number in NUMBERS[:2]] == ["expired", "delivered"]
    assert written_alone(aws) == ["order-1"] * 2


def test_a_part_that_is_gone_keeps_nobody_else_back(
    aws: Stack, clock: Clock, gateway_poller: Poller, meddle: Callable[[Callable[[], None]], None]
) -> None:
    for at in range(3):
        put(aws, clock, f"order-{at}")
    key = {"id": {"S": "order-1"}, "part": {"S": "0"}}
    meddle(lambda: aws.dynamodb.delete_item(TableName="messages", Key=key) and None)
    assert run(gateway_poller, clock).parts == 2
    assert parts(aws).keys() == {"order-0", "order-2"}


def test_a_call_that_did_its_work_unheard_counts_once(
    aws: Stack, clock: Clock, gateway_poller: Poller, reports: ReportStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """boto3 repeats it, and finds every condition failed by its own work."""
    for at in range(3):
        put(aws, clock, f"order-{at}")
    write = reports.record_together

    def twice(writes: Sequence[ReportWrite]) -> list[bool]:
        assert write(writes) == [True] * 3
        return write(writes)

    monkeypatch.setattr(reports, "record_together", twice)
    tally = run(gateway_poller, clock)
    assert (tally.parts, tally.counts.ends.total(), tally.put_off) == (3, 3, 0)
    assert finals(aws) == 3


def test_a_call_refused_for_one_of_its_parts_is_made_for_each(
    aws: Stack, clock: Clock, gateway_poller: Poller, reports: ReportStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(3):
        put(aws, clock, f"order-{at}")

    def refuse(_: Sequence[ReportWrite]) -> list[bool]:
        raise ClientError({"Error": {"Code": "ValidationException"}}, "BatchExecuteStatement")

    monkeypatch.setattr(reports, "record_together", refuse)
    assert run(gateway_poller, clock).parts == 3
    assert finals(aws) == 3


def test_a_call_that_is_lost_leaves_its_parts_due(
    aws: Stack, clock: Clock, gateway_poller: Poller, reports: ReportStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(3):
        put(aws, clock, f"order-{at}")
    before, lost = due_of(aws), EndpointConnectionError(endpoint_url="x")

    def lose(_: Sequence[ReportWrite]) -> list[bool]:
        raise lost

    monkeypatch.setattr(reports, "record_together", lose)
    tally = run(gateway_poller, clock)
    assert (tally.failure, tally.parts, tally.put_off) == (lost, 0, 0)
    assert (due_of(aws), finals(aws)) == (before, 0)


def test_one_that_nobody_can_work_with_is_put_off_beside_others(
    aws: Stack, clock: Clock, gateway_poller: Poller
) -> None:
    for at in range(3):
        put(aws, clock, f"order-{at}")
    put(aws, clock, "odd", sent_at=None)
    put(aws, clock, "odder", rounds=7)
    tally = run(gateway_poller, clock)
    assert (tally.parts, tally.put_off, tally.failure) == (3, 2, None)
    assert sorted(each.key[0] for each in tally.faulty) == ["odd", "odder"]


def test_each_write_of_a_batch_moves_the_due_moment_on(aws: Stack, clock: Clock, reports: ReportStore) -> None:
    for at in range(2):
        put(aws, clock, f"order-{at}")
    before = due_of(aws)["order-0"]
    assert before is not None
    read = reports.get_many([("order-0", "0"), ("order-1", "0")])
    writes = [ReportWrite(item, item["recipients"], before, before - 10.0) for item in read]
    assert reports.record_together(writes) == [True, True]
    assert reports.record_together(writes) == [False, False]
    assert {before + 0.001} == {round(float(at or 0), 3) for at in due_of(aws).values()}


def test_parts_still_waited_for_stay_due(aws: Stack, clock: Clock, gateway_poller: Poller, gateway: Gateway) -> None:
    for at in range(3):
        put(aws, clock, f"order-{at}")
    gateway.answer = Report("ENROUTE")
    assert run(gateway_poller, clock).parts == 3
    assert len(aws.calls.of(TOGETHER)) == 1
    assert min(at or 0 for at in due_of(aws).values()) > clock.now
