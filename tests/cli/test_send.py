"""`kobo send` before anything is on the queue: what it makes of its options, and what it refuses."""

import gzip
import json
import time
from dataclasses import replace
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from kobo_cli.campaigns.handing_over import orders_of
from kobo_cli.commands.send import make_request, parse_duration, schedule
from kobo_cli.errors import CliError
from kobo_cli.main import main
from kobo_sms.messages.lanes import Lane
from tests.cli.conftest import Deployed

NOTHING: dict[str, Any] = {
    "sender": None, "type_": None, "request_id": None, "expires_in": None, "sensitive": False, "reference": None,
}  # fmt: skip


def duration(text: str | None) -> float | None:
    return parse_duration(click.Context(main), click.Option(["--in"]), text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200), ("1d", 86_400), (None, None)]
)
def test_durations(text: str | None, seconds: float | None) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "5 m", "-1s", "1w"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        duration(text)


def test_only_what_was_asked_for_is_in_the_request() -> None:
    request = make_request(("+2348030100001",), msg="Hello", **NOTHING)
    assert request == {"id": request["id"], "to": ["+2348030100001"], "msg": "Hello"}
    assert request["id"] != make_request(("+2348030100001",), msg="Hello", **NOTHING)["id"]


def test_every_option_reaches_the_request() -> None:
    options: dict[str, Any] = {
        "sender": "Shop",
        "type_": 1,
        "request_id": "x-1",
        "expires_in": 60.0,
        "sensitive": True,
        "reference": "r",
    }
    request = make_request(("0803 010 0001",), msg="Hello", **options)
    assert request | {"expires_at": ""} == {
        "id": "x-1", "to": ["0803 010 0001"], "msg": "Hello", "from": "Shop", "type": 1, "reference": "r",
        "sensitive": True, "expires_at": "",
    }  # fmt: skip


def test_a_number_that_is_given_twice_is_asked_for_once() -> None:
    numbers = ("0803 010 0002", "0803 010 0001", "0803 010 0002")
    assert make_request(numbers, msg="Hello", **NOTHING)["to"] == ["0803 010 0002", "0803 010 0001"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"sender": "much too long a sender"}, "from"),
        ({"request_id": "no spaces"}, "id"),
        ({"type_": 0, "msg": "₦"}, "type"),
    ],
)
def test_a_bad_request_is_refused_by_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(CliError, match=f"^{field}: "):
        make_request(("+2348030100001",), **{"msg": "Hello", **NOTHING, **changes})


def test_without_a_stack_the_command_says_how_to_get_one(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["send", "+2348030100001", "--msg", "Hello"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("kobo: no local stack runs in this folder")


def test_bad_usage_ends_with_2() -> None:
    assert CliRunner().invoke(main, ["send", "--msg", "Hello"]).exit_code == 2
    both = ["send", "+2348030100001", "--msg", "Hello", "--stack", "x", "--local"]
    assert CliRunner().invoke(main, both).exit_code == 2


def scheduled(deployed: Deployed, *options: str) -> Result:
    return deployed.run("send", "+2348030100001", "--msg", "Hello", *options)


@pytest.mark.parametrize(
    ("region", "numbers", "kept"),
    [
        ("NG", ["0803 010 0001", "+2348030100001", "08030100001"], ["0803 010 0001"]),
        ("NG", ["08030100001", "2348030100002"], ["08030100001", "2348030100002"]),
        ("GH", ["0244 010 001", "+233244010001", "08030100001"], ["0244 010 001", "08030100001"]),
        # What nobody can send to is rejected, each by itself.
        ("NG", ["08030100001", "12345", "123 45", "+2348030100001"], ["08030100001", "12345", "123 45"]),
    ],
)
def test_what_is_sent_later_names_each_number_once_however_it_is_written(
    deployed: Deployed, region: str, numbers: list[str], kept: list[str]
) -> None:
    connection = replace(
        deployed.connection, variables={**deployed.connection.variables, "KOBO_DEFAULT_REGION": region}
    )
    request = make_request(tuple(numbers), msg="Hello", **NOTHING)
    campaign = schedule(connection, request, "in 2h", Lane.PRIORITY).campaign
    assert campaign.rows == len(kept)
    (found,) = deployed.connection.client("s3").list_objects_v2(Bucket="campaigns")["Contents"]
    body = deployed.connection.client("s3").get_object(Bucket="campaigns", Key=found["Key"])["Body"].read()
    assert json.loads(gzip.decompress(body))["to"] == kept


def test_what_is_sent_later_is_a_campaign_of_its_own(deployed: Deployed) -> None:
    result = scheduled(deployed, "--id", "x-1", "--at", "in 2h", "--lane", "priority")
    assert (result.exit_code, result.stdout) == (0, "x-1\n")
    assert "kobo campaign stop x-1 cancels it" in result.stderr
    campaign = orders_of(deployed.connection).read("x-1")
    assert campaign is not None
    assert (campaign.state, campaign.lane, campaign.rows) == ("scheduled", "priority", 1)
    assert 7100 < campaign.at - time.time() <= 7200
    (found,) = deployed.connection.client("s3").list_objects_v2(Bucket="campaigns")["Contents"]
    body = deployed.connection.client("s3").get_object(Bucket="campaigns", Key=found["Key"])["Body"].read()
    assert json.loads(gzip.decompress(body)) == {
        "id": "x-1", "to": ["+2348030100001"], "msg": "Hello", "campaign": "x-1",
    }  # fmt: skip
    assert "(it was scheduled already)" in scheduled(deployed, "--id", "x-1", "--at", "in 3h").stderr
    assert "kobo campaign status x-1" in deployed.run("status", "x-1").stderr
    assert "x-1 is stopped" in deployed.run("campaign", "stop", "x-1").stdout


def test_what_is_sent_later_as_json(deployed: Deployed) -> None:
    told = json.loads(scheduled(deployed, "--id", "x-1", "--at", "2099-01-01T09:00Z", "--json").stdout or "{}")
    assert told == {}
    told = json.loads(scheduled(deployed, "--id", "x-1", "--at", "tomorrow 9:00", "--json").stdout)
    assert (told["id"], told["state"]) == ("x-1", "scheduled")


@pytest.mark.parametrize(
    ("options", "code", "problem"),
    [
        (("--wait",), 2, "--wait excludes --at"),
        (("--sensitive",), 2, "--sensitive excludes --at"),
        (("--expires-in", "5m"), 2, "--expires-in excludes --at"),
        (("--id", "a:b"), 1, "--id: with --at"),
        (("--at", "soon"), 2, "write it like `tomorrow 9:00`"),
        (("--at", "in 90d"), 1, "at most 23 days ahead"),
    ],
)
def test_what_cannot_be_sent_later(deployed: Deployed, options: tuple[str, ...], code: int, problem: str) -> None:
    result = scheduled(deployed, "--at", "in 2h", *options)
    assert (result.exit_code, orders_of(deployed.connection).read("a:b")) == (code, None)
    assert problem in result.stderr
