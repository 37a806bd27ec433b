"""Handing over: what the stack has afterwards, what is refused, and that doing it again changes nothing."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kobo_cli.campaigns import handing_over
from kobo_cli.campaigns.handing_over import hand_over_files, orders_of
from kobo_cli.errors import CliError
from kobo_sms.campaigns.campaign import CampaignState
from kobo_sms.campaigns.files import requests_key, rows_key
from kobo_sms.campaigns.members import unpack
from kobo_sms.campaigns.orders import CampaignOrders
from tests.cli.campaigns import NOW, hand_over, requests_of, write_files
from tests.cli.conftest import Deployed


def content(deployed: Deployed, key: str) -> bytes:
    body: Any = deployed.connection.client("s3").get_object(Bucket="campaigns", Key=key)["Body"]
    found: bytes = body.read()
    return found


def prompts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    told: list[str] = []
    monkeypatch.setattr(handing_over, "prompt", lambda _, campaign_id: told.append(campaign_id))
    return told


def test_the_stack_has_the_files_and_the_campaign(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    told = prompts(monkeypatch)
    handed = hand_over(deployed, "sale", 250)
    assert handed.new
    campaign = orders_of(deployed.connection).read("sale")
    assert campaign == handed.campaign
    assert campaign is not None
    assert (campaign.state, campaign.rows, campaign.requests) == (CampaignState.SCHEDULED, 250, 250)
    assert (campaign.sender, campaign.by) == ("Kobo", "ada")
    file = content(deployed, requests_key("sale", campaign.digest))
    assert campaign.size == len(file)
    lines = [json.loads(line) for member in unpack(file, 0) for line in member.lines]
    assert lines == requests_of("sale", 250)
    rows = gzip.decompress(content(deployed, rows_key("sale", campaign.digest)))
    assert rows == Path("files/sale/rows.csv").read_bytes()
    assert told == ["sale"]


def test_again_changes_nothing_and_says_so(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    hand_over(deployed, "sale", 3)
    orders_of(deployed.connection).stop("sale", by="ada", now=NOW)
    told = prompts(monkeypatch)
    again = hand_over(deployed, "sale", 3, at=NOW + 100)
    assert not again.new
    assert (again.campaign.state, again.campaign.at) == (CampaignState.STOPPED, NOW)
    # The one before may have died before its prompt.
    assert told == ["sale"]


def test_other_content_under_the_same_id_is_refused(deployed: Deployed) -> None:
    first = hand_over(deployed, "sale", 3).campaign
    before = content(deployed, requests_key("sale", first.digest))
    with pytest.raises(CliError, match="another campaign sale already"):
        hand_over(deployed, "sale", 3, promotional=True)
    assert content(deployed, requests_key("sale", first.digest)) == before
    assert orders_of(deployed.connection).read("sale") == first


@pytest.mark.parametrize("died_before", ["upload", "item", "prompt"])
def test_whoever_dies_is_done_again(deployed: Deployed, monkeypatch: pytest.MonkeyPatch, died_before: str) -> None:
    class Death(BaseException):
        pass

    def die(*_: Any, **__: Any) -> Any:
        raise Death

    with monkeypatch.context() as patch:
        if died_before == "item":
            patch.setattr(CampaignOrders, "accept", die)
        else:
            patch.setattr(handing_over, {"upload": "_upload", "prompt": "prompt"}[died_before], die)
        with pytest.raises(Death):
            hand_over(deployed, "sale", 3)
    told = prompts(monkeypatch)
    assert hand_over(deployed, "sale", 3).new is (died_before != "prompt")
    assert told == ["sale"]
    campaign = orders_of(deployed.connection).read("sale")
    assert campaign is not None
    assert len(content(deployed, requests_key("sale", campaign.digest))) == campaign.size


def test_what_somebody_else_hands_over_meanwhile_is_seen(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = handing_over._upload

    def other_first(*arguments: Any) -> None:
        monkeypatch.setattr(handing_over, "_upload", upload)
        hand_over(deployed, "sale", 3, promotional=True)
        upload(*arguments)

    monkeypatch.setattr(handing_over, "_upload", other_first)
    with pytest.raises(CliError, match="another campaign sale already"):
        hand_over(deployed, "sale", 3)


def line(**fields: Any) -> dict[str, Any]:
    return {"id": "sale:2", "to": ["+2348030100001"], "msg": "Hello", "campaign": "sale"} | fields


@pytest.mark.parametrize(
    ("second", "problem"),
    [
        (b"{", "line 2 of the campaign's requests"),
        (b"[]", "not a JSON object"),
        (line(id="sale:3"), "must have the id sale:2 and the campaign sale"),
        (line(id="sale"), "must have the id sale:2 and the campaign sale"),
        (line(campaign="other"), "must have the id sale:2 and the campaign sale"),
        (line(msg=""), "msg: must have 1 to 905 characters"),
        (line(to=[]), "to: must hold at least one number"),
        (line(colour="red"), "colour: unknown field"),
        (line(to=["+2348030100001"] * 70_000), "SQS takes 1,044,480"),
    ],
    ids=["cut", "list", "number", "root", "campaign", "text", "nobody", "field", "size"],
)
def test_a_line_that_is_no_request_is_named(deployed: Deployed, second: Any, problem: str) -> None:
    directory = write_files(Path("bad"), "sale", [requests_of("sale", 1)[0], second])
    with pytest.raises(CliError, match=problem):
        hand_over_files(deployed.connection, directory, at=NOW, now=NOW, by="")
    assert orders_of(deployed.connection).read("sale") is None


def test_files_that_are_no_campaign(deployed: Deployed) -> None:
    empty = write_files(Path("empty"), "sale", [])
    with pytest.raises(CliError, match="no requests"):
        hand_over_files(deployed.connection, empty, at=NOW, now=NOW, by="")
    (empty / "campaign.json").unlink()
    with pytest.raises(CliError, match="not written to its end"):
        hand_over_files(deployed.connection, empty, at=NOW, now=NOW, by="")
    (empty / "campaign.json").write_text("[]")
    with pytest.raises(CliError, match="names no campaign"):
        hand_over_files(deployed.connection, empty, at=NOW, now=NOW, by="")


def test_a_campaign_is_begun_before_its_file_expires(deployed: Deployed) -> None:
    assert hand_over(deployed, "sale", 1, at=NOW + 23 * 86_400).new
    with pytest.raises(CliError, match="at most 23 days ahead"):
        hand_over(deployed, "late", 1, at=NOW + 24 * 86_400)


def test_what_aws_refuses_is_told(deployed: Deployed) -> None:
    deployed.connection.client("s3").delete_bucket(Bucket="campaigns")
    with pytest.raises(CliError, match="could not be uploaded"):
        hand_over(deployed, "sale", 1)
    deployed.connection.dynamodb.delete_table(TableName="messages")
    with pytest.raises(CliError, match=r"was not handed over: .*ResourceNotFound"):
        hand_over(deployed, "sale", 1)


def test_a_stack_older_than_campaigns_is_told_apart(deployed: Deployed) -> None:
    variables = {name: value for name, value in deployed.connection.variables.items() if "CAMPAIGNS" not in name}
    with pytest.raises(CliError, match="this stack has no campaigns yet"):
        orders_of(replace(deployed.connection, variables=variables))
