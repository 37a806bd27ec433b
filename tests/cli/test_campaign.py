"""kobo campaign on a stack in process, its parts as send_sms and poll_reports leave them."""

from __future__ import annotations

import csv
import gzip
import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from kobo_cli.campaigns.handing_over import orders_of
from kobo_cli.reports.campaign import build
from kobo_sms.aws.dynamodb import Expression
from kobo_sms.campaigns.campaign import Campaign, CampaignState, Place, Refusal
from kobo_sms.campaigns.left_out import LeftOutNotes, left_out_of
from kobo_sms.campaigns.orders import CampaignOrders
from kobo_sms.campaigns.progress import CampaignProgress
from kobo_sms.campaigns.store import CampaignStore, key_of
from kobo_sms.messages.progress import campaign_shard, describe_progress, read_progress
from tests.cli.campaigns import NOW, hand_over, number, requests_of
from tests.cli.conftest import Deployed

COUNT = 6


def queue(deployed: Deployed, campaign_id: str, recipients: int, *, whole: bool = True) -> None:
    """Have queue_campaign put so many requests of one recipient each on the queue."""
    store = CampaignStore(deployed.connection.dynamodb, "messages", keep_seconds=1e6)
    campaign = store.lease(campaign_id, token="t", now=NOW + 1, until=NOW + 2)
    assert campaign is not None
    place = Place(campaign.size if whole else 1, recipients, recipients)
    assert store.move(campaign, place, (), token="t", now=NOW + 1, next_due=NOW + 61) is not None
    store.give_back(campaign_id, token="t")


def put_part(deployed: Deployed, campaign_id: str, n: int, of_part: str, **known: Any) -> None:
    """Have send_sms and poll_reports leave the part of a request to one recipient."""
    recipients: Mapping[str, Any] = {number(n): known}
    request = f"{campaign_id}:{n}"
    deployed.put(
        id=request,
        part="0",
        state=of_part,
        recipients=recipients,
        updated_at=1,
        campaign=campaign_id,
        campaign_shard=campaign_shard(campaign_id, request, "0"),
        progress=describe_progress(of_part, None, recipients),
    )


@pytest.fixture
def sale(deployed: Deployed) -> Deployed:
    """A campaign of six: four on the queue, one of them not taken from it yet."""
    hand_over(deployed, "sale", COUNT)
    queue(deployed, "sale", 4, whole=False)
    put_part(deployed, "sale", 1, "sent", state="delivered", msgid="a")
    put_part(deployed, "sale", 2, "sent", msgid="b")
    put_part(deployed, "sale", 3, "sent", state="undelivered", reason="the phone was switched off", msgid="c")
    return deployed


def test_status_as_json(sale: Deployed) -> None:
    report = sale.json("campaign", "status", "sale")
    assert report | {"created_at": 0, "per_second": 0, "done_at": 0} == {
        "campaign": "sale",
        "state": "queueing",
        "rows": COUNT,
        "queued": 4,
        "counts": {"queued": 1, "sent": 1, "delivered": 1, "undelivered": 1},
        "at": "2026-11-18T11:06:40.000Z",
        "requests": COUNT,
        "created_at": 0,
        "by": "ada",
        "ended_at": None,
        "ended_by": None,
        "fault": None,
        "reasons": [{"state": "undelivered", "reason": "the phone was switched off", "recipients": 1}],
        "unnamed": 0,
        "per_second": 0,
        "done_at": 0,
    }


def test_status_in_words(sale: Deployed) -> None:
    shown = sale.run("campaign", "status", "sale").stdout
    assert "sale  queueing, begun Wed 18 Nov 12:06 WAT" in shown
    assert "6 recipients, 4 of them put on the queue so far" in shown
    assert "  not queued yet  2   33 %  " in shown
    assert "  undelivered     1   17 %  " in shown
    assert "a minute, done about" in shown
    assert "1  undelivered: the phone was switched off" in shown


def test_the_rate_and_the_end_follow_from_what_is_over() -> None:
    campaign = Campaign("c", "d", 10, 100, 100, NOW, NOW, place=Place(5, 60, 60), started_at=NOW, paused_seconds=40.0)
    campaign = Campaign(**vars(campaign) | {"state": CampaignState.QUEUEING})
    report = build(campaign, read_progress("sent 50"), NOW + 140)
    assert report["per_second"] == 0.5
    assert report["done_at"] == "2026-11-18T11:10:40.000Z"
    assert build(campaign, read_progress("sent 50"), NOW + 140, rate=5.0)["done_at"] == "2026-11-18T11:09:10.000Z"
    assert build(campaign, read_progress("sending 50"), NOW + 140)["per_second"] is None


def test_reasons_are_broken_between_words_and_taken_for_no_markup(
    sale: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    reason = "[/red] KoboMobile says what nobody has ever read [bold] of it before"
    put_part(sale, "sale", 4, "sent", state="rejected", reason=reason, msgid="d")
    shown = sale.run("campaign", "status", "sale").stdout
    assert "          1  rejected: [/red] KoboMobile says what nobody\n             has ever read [bold] of it" in shown


def test_nothing_left_to_send_is_done_though_reports_are_missing(deployed: Deployed) -> None:
    hand_over(deployed, "sale", 2)
    queue(deployed, "sale", 2)
    put_part(deployed, "sale", 1, "sent", msgid="a")
    assert deployed.json("campaign", "status", "sale")["state"] == "sending"
    put_part(deployed, "sale", 2, "rejected")
    report = deployed.json("campaign", "status", "sale")
    assert (report["state"], report["counts"]) == ("done", {"sent": 1, "rejected": 1})


def test_failed_rows_are_those_of_the_file_with_the_reason(sale: Deployed) -> None:
    orders_of(sale.connection).stop("sale", by="ada", now=NOW + 5)
    put_part(sale, "sale", 4, "cancelled")
    result = sale.run("campaign", "status", "sale", "--failed", "failed.csv")
    assert result.exit_code == 0, result.stderr
    assert "failed.csv: 4 rows" in result.stderr
    with Path("failed.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["failed line", "failed number", "failed state", "failed reason", "phone", "name"]
    assert rows == [
        ["4", number(3), "undelivered", "the phone was switched off", "0803 0100003", "Ọlá 3"],
        ["5", number(4), "cancelled", "", "0803 0100004", "Ọlá 4"],
        ["6", number(5), "cancelled", "its campaign was stopped before it was put on the queue", *_cells(5)],
        ["7", number(6), "cancelled", "its campaign was stopped before it was put on the queue", *_cells(6)],
    ]
    assert Path("failed.csv").stat().st_mode & 0o077 == 0


def leave_out(deployed: Deployed, body: dict[str, Any], part: str = "0") -> None:
    left_out = left_out_of(json.dumps(body), part)
    assert left_out is not None
    notes = LeftOutNotes(deployed.connection.dynamodb, "messages", keep_seconds=1e6)
    notes.put(left_out, "its id was used before, for other content", NOW)


def test_failed_rows_have_those_whose_message_came_to_nothing(deployed: Deployed) -> None:
    hand_over(deployed, "sale", 3)
    queue(deployed, "sale", 3)
    put_part(deployed, "sale", 1, "sent", msgid="a")
    leave_out(deployed, requests_of("sale", 2)[1])
    leave_out(deployed, requests_of("sale", 3)[2], part="0.1")
    report = deployed.json("campaign", "status", "sale")
    assert (report["state"], report["counts"]) == ("done", {"sent": 1, "rejected": 2})
    deployed.run("campaign", "status", "sale", "--failed", "failed.csv")
    with Path("failed.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))[1:]
    why = ["rejected", "its id was used before, for other content"]
    assert rows == [["3", number(2), *why, *_cells(2)], ["4", number(3), *why, *_cells(3)]]


@pytest.mark.parametrize(("count", "unnamed"), [(100, 0), (103, 3)])
def test_what_could_not_be_queued_and_has_no_name_is_told(deployed: Deployed, count: int, unnamed: int) -> None:
    hand_over(deployed, "sale", count)
    store = CampaignStore(deployed.connection.dynamodb, "messages", keep_seconds=1e6)
    campaign = store.lease("sale", token="t", now=NOW + 1, until=NOW + 2)
    assert campaign is not None
    # In two goes, as queue_campaign moves on.
    for done in (40, count):
        refused = [Refusal(f"sale:{n}", 1, "too large") for n in range(campaign.place.requests + 1, done + 1)]
        place = Place(campaign.size if done == count else 1, done, 0)
        campaign = store.move(campaign, place, refused, token="t", now=NOW + 1, next_due=NOW + 61)
        assert campaign is not None
    report = deployed.json("campaign", "status", "sale")
    assert (report["counts"]["rejected"], report["unnamed"]) == (count, unnamed)
    shown = deployed.run("campaign", "status", "sale", "--failed", "failed.csv")
    with Path("failed.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == count - unnamed
    more = "3 recipients more could not be put on the queue than --failed names"
    assert [more in text for text in (shown.stdout.replace("\n", " "), shown.stderr)] == [bool(unnamed)] * 2


def _cells(n: int) -> list[str]:
    return [f"0803 01{n:05d}", f"Ọlá {n}"]


def test_failed_rows_are_in_the_order_of_the_file(sale: Deployed) -> None:
    """kobo bulk puts equal texts together; whoever compares the rows with the file wants its order."""
    (key,) = (each["Key"] for each in _contents(sale) if each["Key"].endswith("rows.csv.gz"))
    s3 = sale.connection.client("s3")
    header, *rows = gzip.decompress(s3.get_object(Bucket="campaigns", Key=key)["Body"].read()).splitlines(keepends=True)
    s3.put_object(Bucket="campaigns", Key=key, Body=gzip.compress(b"".join([header, *reversed(rows)])))
    orders_of(sale.connection).stop("sale", by="ada", now=NOW + 5)
    sale.run("campaign", "status", "sale", "--failed", "failed.csv")
    with Path("failed.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["failed line"] for row in csv.DictReader(file)] == ["4", "6", "7"]


def _contents(deployed: Deployed) -> Any:
    return deployed.connection.client("s3").list_objects_v2(Bucket="campaigns")["Contents"]


def test_failed_without_any_writes_the_header_alone(deployed: Deployed) -> None:
    hand_over(deployed, "sale", 1)
    deployed.run("campaign", "status", "sale", "--failed", "failed.csv")
    assert len(Path("failed.csv").read_text(encoding="utf-8").splitlines()) == 1


def test_failed_rows_that_cannot_be_written_leave_nothing_behind(sale: Deployed) -> None:
    result = sale.run("campaign", "status", "sale", "--failed", "nowhere/failed.csv")
    assert result.exit_code == 1
    assert "kobo: --failed nowhere/failed.csv: No such file" in result.stderr
    here = Path("here")
    here.mkdir()
    for found in sale.connection.client("s3").list_objects_v2(Bucket="campaigns")["Contents"]:
        sale.connection.client("s3").put_object(Bucket="campaigns", Key=found["Key"], Body=gzip.compress(b"a,b\nx\n"))
    assert sale.run("campaign", "status", "sale", "--failed", "here/failed.csv").exit_code == 1
    assert list(here.iterdir()) == []


def test_rows_that_are_gone_are_told(sale: Deployed) -> None:
    for found in sale.connection.client("s3").list_objects_v2(Bucket="campaigns")["Contents"]:
        sale.connection.client("s3").delete_object(Bucket="campaigns", Key=found["Key"])
    result = sale.run("campaign", "status", "sale", "--failed", "failed.csv")
    assert (result.exit_code, Path("failed.csv").exists()) == (1, False)
    assert "the rows of sale are not kept (any more)" in result.stderr


def test_watching_ends_when_it_is_over(deployed: Deployed) -> None:
    hand_over(deployed, "sale", 1)
    queue(deployed, "sale", 1)
    put_part(deployed, "sale", 1, "sent", msgid="a")
    result = deployed.run("campaign", "status", "sale", "--watch", "--json")
    assert json.loads(result.stdout)["state"] == "done"


def test_watching_draws_in_its_place_on_a_terminal(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    hand_over(deployed, "sale", 2)
    queue(deployed, "sale", 2)
    put_part(deployed, "sale", 1, "sent", msgid="a")
    monkeypatch.setattr(time, "sleep", lambda _: put_part(deployed, "sale", 2, "rejected"))
    shown = deployed.run("campaign", "status", "sale", "--watch").stdout
    assert "sending, begun" in shown
    # Rich goes up line by line to draw anew.
    last = shown.rpartition("\x1b[1A")[2]
    assert "delivery reports are awaited for 1" in last
    assert "1   50 %  " in last


def test_whoever_ends_the_watching_is_told_that_the_campaign_goes_on(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    hand_over(deployed, "sale", 1)
    monkeypatch.setattr(time, "sleep", interrupt)
    result = deployed.run("campaign", "status", "sale", "--watch")
    assert result.exit_code == 130
    assert result.stderr == "sale goes on; only the watching has ended\n"


def test_campaigns_are_listed_the_newest_first(deployed: Deployed) -> None:
    assert "there are no campaigns" in deployed.run("campaign", "list").stderr
    assert deployed.json("campaign", "list") == []
    hand_over(deployed, "sale", 2)
    other = Campaign("news", "d", 1, 1, 1, NOW + 500, NOW + 1)
    orders_of(deployed.connection).accept(other)
    assert [(each["campaign"], each["state"], each["rows"]) for each in deployed.json("campaign", "list")] == [
        ("news", "scheduled", 1),
        ("sale", "scheduled", 2),
    ]
    assert "news      scheduled" in deployed.run("campaign", "list").stdout


def test_a_campaign_of_a_release_to_come_is_named_and_the_others_are_listed(deployed: Deployed) -> None:
    hand_over(deployed, "night", 1)
    write = Expression().set(lane="express")
    deployed.connection.dynamodb.update_item(**write.update("messages", key_of("night")))
    alone = deployed.run("campaign", "list")
    assert (alone.exit_code, alone.stdout) == (0, "")
    assert "there are no others" in alone.stderr
    hand_over(deployed, "sale", 2)
    listed = deployed.run("campaign", "list")
    assert "sale      scheduled" in listed.stdout
    assert "night" not in listed.stdout
    why = "the campaign night cannot be read by this release: ValueError: 'express' is not a valid Lane"
    assert listed.stderr == f"left out: {why}\n"
    assert [each["campaign"] for each in deployed.json("campaign", "list")] == ["sale"]
    shown = deployed.run("campaign", "status", "night")
    assert (shown.exit_code, shown.stderr) == (1, f"kobo: {why}\n")


def test_orders_say_how_many_had_gone(sale: Deployed) -> None:
    paused = sale.run("campaign", "pause", "sale")
    assert "sale is paused: within seconds nothing more of it is sent" in paused.stdout
    assert "3 of 6 had gone; about 1 still on the queue" in paused.stdout
    assert "sale was paused already" in sale.run("campaign", "pause", "sale").stdout
    assert "sale is resumed" in sale.run("campaign", "resume", "sale").stdout
    stopped = sale.run("campaign", "stop", "sale")
    assert "sale is stopped" in stopped.stdout
    assert "3 of 6 had gone" in stopped.stdout
    report = sale.json("campaign", "status", "sale")
    assert report["state"] == "stopped"
    assert report["ended_by"]


def test_to_resume_prompts_queue_campaign_unless_nothing_has_changed(
    sale: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr("kobo_cli.commands.campaign.prompt", lambda _, campaign_id: told.append(campaign_id))
    sale.run("campaign", "pause", "sale")
    sale.run("campaign", "resume", "sale")
    sale.run("campaign", "resume", "sale")
    assert told == ["sale"]


@pytest.mark.parametrize(("order", "state"), [("resume", "queueing"), ("pause", "stopped"), ("resume", "stopped")])
def test_orders_that_cannot_be_carried_out(sale: Deployed, order: str, state: str) -> None:
    if state == "stopped":
        sale.run("campaign", "stop", "sale")
    result = sale.run("campaign", order, "sale")
    assert result.exit_code == 1
    assert f"kobo: sale is {state}: it cannot be {order}" in result.stderr


@pytest.mark.parametrize("arguments", [("status",), ("pause",), ("resume",), ("stop",)])
def test_a_campaign_that_is_not_there(deployed: Deployed, arguments: tuple[str, ...]) -> None:
    result = deployed.run("campaign", *arguments, "sale")
    assert result.exit_code == 1
    assert "kobo: there is no campaign sale" in result.stderr


def test_what_aws_refuses_is_told(deployed: Deployed) -> None:
    deployed.connection.dynamodb.delete_table(TableName="messages")
    result = deployed.run("campaign", "list")
    assert result.exit_code == 1
    assert "kobo: An error occurred (ResourceNotFoundException)" in result.stderr


def test_many_parts_are_counted_by_dynamodb(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    """What thousands of parts say in the same words is not read; what is rare among it is not overlooked."""
    monkeypatch.setattr("kobo_sms.campaigns.progress._PAGE", 5)
    for n in range(1, 201):
        put_part(deployed, "sale", n, "sent", msgid="a")
    put_part(deployed, "sale", 201, "queued")
    put_part(deployed, "sale", 202, "sent", state="undelivered", reason="r", msgid="a")
    for n in range(203, 230):
        put_part(deployed, "sale", n, "sent", state="delivered", msgid="a")
    asked: list[dict[str, Any]] = []
    deployed.connection.dynamodb.meta.events.register(
        "before-parameter-build.dynamodb.Query", lambda params, **_: asked.append(params)
    )
    with ThreadPoolExecutor(1) as pool:
        progress = CampaignProgress(deployed.connection.dynamodb, "messages", pool)
        counts = progress.count("sale")
        assert counts == {("sent", ""): 200, ("queued", ""): 1, ("undelivered", "r"): 1, ("delivered", ""): 27}
        assert any("Select" in each for each in asked)
        assert progress.anything_open("sale")
        assert not progress.anything_open("other")
        assert progress.parts_with("sale", {"undelivered", "queued"}.__contains__) in (
            [("sale:201", "0"), ("sale:202", "0")],
            [("sale:202", "0"), ("sale:201", "0")],
        )
        assert len(progress.parts_with("sale", {"sent"}.__contains__)) == 200
        assert progress.count("other") == {}


def test_orders_keep_the_item_for_as_long_as_its_messages_may_come(deployed: Deployed) -> None:
    """send_sms must know of a pause as long as anything of it may be on a queue."""
    hand_over(deployed, "sale", 1)
    orders = CampaignOrders(deployed.connection.dynamodb, "messages", keep_seconds=30 * 86_400.0)
    later = time.time() + 86_400
    orders.pause("sale", now=later)
    (item,) = deployed.connection.items_of("~campaigns")
    assert item["expires"] >= later + 29 * 86_400
