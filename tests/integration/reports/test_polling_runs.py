"""Whole runs of the poller: outages, a closed valve, backlogs, invocations that meet, what is counted and learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from kobo_sms.aws.dynamodb import encode
from kobo_sms.kobomobile.answers import Refused, Report, ReportAnswer
from kobo_sms.reports import schedule
from kobo_sms.reports.counts import Counts, recent
from kobo_sms.reports.records import ReportWrite
from kobo_sms.reports.rounds import Ended
from kobo_sms.reports.store import DuePage, ReportStore, StatsStore
from kobo_sms.runtime import Deadline
from kobo_sms.table import REPORTS_ID
from tests.integration.reports.polled_parts import Gateway, due_of, parts, put, run

if TYPE_CHECKING:
    from kobo_sms.reports.poller import Poller
    from tests.integration.conftest import Clock, Stack
    from tests.integration.reports.conftest import MakePoller

DELIVERED, DOWN = Report("DELIVRD"), Refused("error_gw")
NUMBERS = tuple(f"23480301{at:05d}" for at in range(40))


def test_the_oldest_deadline_comes_first_over_the_shards_held(
    aws: Stack, clock: Clock, gateway_poller: Poller, gateway: Gateway
) -> None:
    for at in range(20):
        put(aws, clock, f"order-{at:02}", due=-1000.0 + 7 * at % 20, shard="05"[at % 2])
    run(gateway_poller, clock)
    order = [f"order-{at:02}-{NUMBERS[0]}" for at in sorted(range(20), key=lambda at: 7 * at % 20)]
    assert gateway.asked == order


def test_each_shard_begins_with_its_own_and_takes_over_others(
    aws: Stack, clock: Clock, make_poller: MakePoller, gateway: Gateway
) -> None:
    for shard in range(8):
        put(aws, clock, f"order-{shard}", due=-100.0 + shard, shard=str(shard))
    gateway_poller = make_poller(gateway, most_at_once=1, shards=4)
    run(gateway_poller, clock, shard=3)
    asked = [int(msgid[6]) for msgid in gateway.asked]
    assert asked[:2] == [3, 7]
    assert sorted(asked) == list(range(8))


def test_a_shard_that_another_invocation_holds_is_left_to_it(
    aws: Stack, clock: Clock, gateway_poller: Poller, reports: ReportStore, gateway: Gateway
) -> None:
    put(aws, clock, "order-0", shard="0")
    put(aws, clock, "order-1", shard="1")
    assert reports.lease("0", token="another", now=clock.now, until=clock.now + 60)
    assert run(gateway_poller, clock).calls == 1
    assert due_of(aws)["order-0"] is not None
    clock.now += 60
    assert run(gateway_poller, clock).calls == 1
    assert not any("lease" in item for item in aws.items() if item["id"] == REPORTS_ID)


def test_more_parts_than_a_page_or_a_batch_holds(
    aws: Stack, clock: Clock, make_poller: MakePoller, gateway: Gateway
) -> None:
    for at in range(230):
        put(aws, clock, f"order-{at}", due=-500.0 + at)
    tally = run(make_poller(gateway, most_at_once=4), clock)
    assert (tally.calls, tally.parts) == (230, 230)
    assert len(set(gateway.asked)) == 230
    assert set(due_of(aws).values()) == {None}


def test_what_two_invocations_learned_of_one_part_is_all_kept(
    aws: Stack, clock: Clock, make_poller: MakePoller, stats: StatsStore
) -> None:
    """The first one's lease has run out while it waited for an answer: another has polled the part since."""
    put(aws, clock, "order-1", *NUMBERS[:3])
    one, two, three = (f"order-1-{number}" for number in NUMBERS[:3])
    quick = Gateway(Report("ENROUTE"), {one: Report("UNDELIV"), two: DELIVERED})

    class Slow(Gateway):
        def report(self, msgid: str) -> ReportAnswer:
            if not self.asked:
                clock.now += 100
                assert run(make_poller(quick, most_at_once=1), clock).counts.ends.total() == 2
            return super().report(msgid)

    slow = Slow(Report("EXPIRED"), {two: DELIVERED, three: DELIVERED})
    # Its own clock stands still, so that it goes on when its leases have run out.
    began = clock.now
    tally = make_poller(slow, most_at_once=1).run(Deadline(began + 60, lambda: began))
    known = [parts(aws)["order-1"]["recipients"][number] for number in NUMBERS[:3]]
    assert [each["state"] for each in known] == ["undelivered", "delivered", "delivered"]
    assert [each.get("later_report") for each in known] == ["EXPIRED", None, None]
    assert due_of(aws) == {"order-1": None}
    assert tally.counts.ends.total() == 1
    counts = Counts()
    for item in stats.since(clock.now):
        counts.take_item(item)
    assert sorted(end.state for end in counts.ends.elements()) == ["delivered", "delivered", "undelivered"]


def test_an_error_of_aws_ends_the_run_after_what_was_learned(
    aws: Stack, clock: Clock, make_poller: MakePoller, reports: ReportStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(5):
        put(aws, clock, f"order-{at}", due=-100.0 + at)
    write, refused = reports.record_reports, ClientError({"Error": {"Code": "Throttled"}}, "UpdateItem")

    def all_but_two(writes: Sequence[ReportWrite]) -> list[bool]:
        assert [write(each) for each in writes[:-2]] == [None] * 3
        return [True, True, True, False, False]

    def fails(_: ReportWrite) -> None:
        raise refused

    monkeypatch.setattr(reports, "record_together", all_but_two)
    monkeypatch.setattr(reports, "record_reports", fails)
    gateway = Gateway()
    tally = run(make_poller(gateway, most_at_once=1), clock)
    assert tally.failure is refused
    assert {id_ for id_, at in due_of(aws).items() if at is None} == {"order-0", "order-1", "order-2"}
    assert (len(gateway.asked), tally.parts) == (5, 3)
    assert not any("lease" in item for item in aws.items() if item["id"] == REPORTS_ID)


def test_unprocessed_keys_are_asked_for_again(
    aws: Stack, clock: Clock, reports: ReportStore, clients: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(5):
        put(aws, clock, f"order-{at}")
    client, asked = clients["watched dynamodb"], []
    whole = client.batch_get_item

    def two_at_a_time(RequestItems: Any) -> Any:  # noqa: N803 - as boto3 calls it
        keys = RequestItems["messages"]["Keys"]
        asked.append(len(keys))
        answer = whole(RequestItems={"messages": RequestItems["messages"] | {"Keys": keys[:2]}})
        left = {"messages": {"Keys": keys[2:]}} if keys[2:] else {}
        return answer | {"UnprocessedKeys": left}

    monkeypatch.setattr(client, "batch_get_item", two_at_a_time)
    keys = [(f"order-{at}", "0") for at in range(5)]
    assert [item["id"] for item in reports.get_many([*keys, *keys])] == [id_ for id_, _ in keys]
    assert asked == [5, 3, 1]
    nothing = {"Responses": {}, "UnprocessedKeys": {"messages": {"Keys": [encode({"id": "order-1", "part": "0"})]}}}
    monkeypatch.setattr(client, "batch_get_item", lambda **_: nothing)
    assert reports.get_many(keys) == []


def test_counting_twice_under_one_name_counts_once(stats: StatsStore, clock: Clock) -> None:
    """boto3 repeats a write whose answer was lost."""
    once = Counts()
    once.add(Ended("delivered", None, network, f"S{at}", 1.0, 1e5) for network in schedule.NETWORKS for at in range(8))
    once.add(Ended("expired", "absent", network, "S1", 1.0, 1e5) for network in schedule.NETWORKS)
    assert len(once.attributes()) > 200
    for token in ("a", "a", "b"):
        stats.add(once, token=token, now=clock.now)
    counts = Counts()
    for item in stats.since(clock.now):
        counts.take_item(item)
    assert counts.ends == {end: 2 * count for end, count in once.ends.items()}


def test_the_pages_of_a_part_are_counted_once_whatever_comes_later(
    aws: Stack, clock: Clock, make_poller: MakePoller, stats: StatsStore
) -> None:
    put(aws, clock, "order-1", *NUMBERS[:3], pages=2)
    run(make_poller(Gateway(Report("ENROUTE"))), clock)
    clock.now += 7200
    put(aws, clock, "order-2", pages=3)
    assert run(make_poller(Gateway()), clock).counts.ends.total() == 4
    counts = Counts()
    for item in stats.since(clock.now - 7200):
        counts.take_item(item)
    assert counts.pages == 3 * 2 + 3


def test_the_schedule_is_learned_from_what_earlier_runs_have_seen(
    aws: Stack, clock: Clock, make_poller: MakePoller, stats: StatsStore
) -> None:
    put(aws, clock, "order-1")
    run(make_poller(Gateway(Report("ENROUTE"))), clock)
    unlearned = (due_of(aws)["order-1"] or 0) - clock.now
    slow = Counts()
    slow.add([Ended("delivered", None, "MTN", "Shop", 900.0, 1000.0)] * 600)
    stats.add(slow, token="earlier", now=clock.now)
    assert sum(recent(stats.since(clock.now), ["MTN"], 500)["MTN"]) == pytest.approx(600)
    put(aws, clock, "order-2")
    run(make_poller(Gateway(Report("ENROUTE"))), clock)
    learned = (due_of(aws)["order-2"] or 0) - clock.now
    assert learned > 2 * unlearned


def test_what_the_index_still_lists_is_not_asked_about_again(
    aws: Stack,
    clock: Clock,
    gateway_poller: Poller,
    reports: ReportStore,
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The index trails the table: another invocation has just polled the part."""
    put(aws, clock, "order-1", due=300.0)
    before = due_of(aws)
    listed = DuePage([(clock.now - 1, ("order-1", "0")), (clock.now, ("gone", "0"))], None)
    monkeypatch.setattr(reports, "due", lambda shard, **_: listed if shard == "0" else DuePage([], None))
    assert run(gateway_poller, clock).calls == 0
    assert due_of(aws) == before
    assert not any("lease" in item for item in aws.items() if item["id"] == REPORTS_ID)
