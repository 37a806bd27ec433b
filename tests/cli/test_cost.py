"""kobo cost: the arithmetic, what it takes from the template, and the figures of docs/cost.md."""

from __future__ import annotations

import json
import re
import shlex
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kobo_cli.cost.bill import reckon
from kobo_cli.cost.prices import PRICES
from kobo_cli.cost.template_facts import facts_of, read_facts
from kobo_cli.cost.workload import Workload
from kobo_cli.main import main
from kobo_sms.reports.counts import Counts, quarter
from local_aws.plan import SOURCE
from local_aws.template.source import load
from tests.cli.conftest import Deployed

PAGE = Path(__file__).parents[2] / "docs" / "cost.md"
FACTS = read_facts({})


def cost(*options: str) -> dict[str, Any]:
    result = CliRunner().invoke(main, ["cost", *options, "--json"])
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def line(bill: dict[str, Any], service: str, what: str) -> dict[str, Any]:
    (found,) = (each for each in bill["lines"] if (each["service"], each["what"]) == (service, what))
    return dict(found)


def test_a_million_single_texts_by_hand() -> None:
    bill = cost("--polls", "1")
    # Claimed, sent, final; into the index of what is due and out of it; the entry of kobo find.
    writes = line(bill, "DynamoDB", "writes")
    assert (writes["texts"], writes["texts_usd"]) == (6e6, pytest.approx(6 * 0.705))
    # Put on the queue, received, deleted.
    assert line(bill, "SQS", "requests")["texts_usd"] == pytest.approx(3 * 0.4)
    # Sending, sent, delivered.
    assert line(bill, "EventBridge", "status events")["texts_usd"] == pytest.approx(3 * 1.0)
    # One of send_sms, three of publish_status.
    assert line(bill, "Lambda", "requests")["texts_usd"] == pytest.approx(4 * 0.2)


def test_the_totals_are_those_of_the_lines() -> None:
    bill = cost()
    for column in ("texts_usd", "month_usd"):
        assert bill["total"][column] == pytest.approx(sum(each[column] for each in bill["lines"]), abs=0.01)
    assert 0 < bill["total"]["less_free_usd"] < bill["total"]["texts_usd"] + bill["total"]["month_usd"]


def test_texts_are_in_proportion_and_the_month_is_not() -> None:
    one, ten = cost("--texts", "100000")["total"], cost("--texts", "1000000")["total"]
    assert ten["texts_usd"] == pytest.approx(10 * one["texts_usd"], rel=0.001)
    assert ten["month_usd"] == one["month_usd"]


def test_nothing_sent_is_nothing_but_the_month() -> None:
    assert reckon(Workload(texts=0), FACTS).texts_usd == 0


@pytest.mark.parametrize(
    ("cheaper", "dearer"),
    [
        ("--numbers-per-request 500", "--numbers-per-request 10"),
        ("--numbers-per-request 10", ""),
        ("--pages 1", "--pages 6"),
        ("--polls 1", "--polls 5"),
        ("--no-find", "--find"),
        ("--answer-ms 100", "--answer-ms 2000"),
        ("--parameter KeepRecordsDays=30", "--parameter KeepRecordsDays=365"),
        ("--pages 6 --parameter StoreText=false", "--pages 6"),
    ],
)
def test_what_makes_texts_dearer(cheaper: str, dearer: str) -> None:
    low, high = (cost(*shlex.split(options))["total"]["texts_usd"] for options in (cheaper, dearer))
    assert low < high


def test_find_is_as_the_parameter_says_unless_it_is_said() -> None:
    assert cost("--parameter", "FindByNumber=false") == cost("--no-find")
    assert cost("--parameter", "FindByNumber=false", "--find") == cost()


def test_a_slower_schedule_costs_less_a_month() -> None:
    slow = cost("--parameter", "CreditSchedule=rate(5 minutes)")
    assert slow["total"]["month_usd"] < cost()["total"]["month_usd"]
    assert slow["total"]["texts_usd"] == cost()["total"]["texts_usd"]


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--parameter", "Nonsense=1"), 1, "there is no parameter Nonsense"),
        (("--parameter", "CreditSchedule=cron(0 * * * ? *)"), 1, "is known of rate(...) only"),
        (("--page-price", "two"), 2, "'two' is no price"),
        (("--page-price", "nan"), 2, "'nan' is no price"),
        (("--page-price", "-1"), 2, "'-1' is no price"),
        (("--texts", "0"), 2, "--texts"),
        (("--numbers-per-request", "501"), 2, "--numbers-per-request"),
        (("--polls", "0.5"), 2, "--polls"),
    ],
)
def test_bad_usage_is_named(options: tuple[str, ...], code: int, told: str) -> None:
    result = CliRunner().invoke(main, ["cost", *options])
    assert (result.exit_code, result.stdout) == (code, "")
    assert told in result.stderr


def test_what_kobomobile_charges() -> None:
    charged = cost("--texts", "1000", "--pages", "2", "--page-price", "2.35")["kobomobile"]
    assert charged == {"pages": 2000, "page_price": 2.35, "total": 4700.0}
    shown = CliRunner().invoke(main, ["cost", "--texts", "1000", "--pages", "2", "--page-price", "2.35"]).stdout
    assert "KoboMobile: 2,000 pages at 2.35 are 4,700.00 of its credit." in shown


def test_a_stack_has_learned_the_price_of_a_page(deployed: Deployed) -> None:
    now = time.time()
    for minutes in range(120, 0, -1):
        balance = 10_000 + Decimal("2.35") * 1000 * (minutes > 60)
        deployed.put(id="~credit", part=f"{now - 60 * minutes:.3f}", balance=balance)
    deployed.put(id="~stats", part=quarter(now - 60 * 58), **Counts(pages=1000).attributes())
    assert cost("--texts", "1000")["kobomobile"] == {"pages": 1000, "page_price": 2.35, "total": 2350.0}


def test_without_a_stack_nobody_knows_the_price(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cost()["kobomobile"] == {"pages": 1_000_000, "page_price": None, "total": None}


def test_each_price_has_its_source_and_is_used() -> None:
    dated = re.compile(r"\w+ .+ 20\d\d-\d\d-\d\d|[\w/-]+/pricing(/[\w-]+)?")
    assert all(dated.fullmatch(price.source) for price in PRICES.values())
    assert {each.price for each in reckon(Workload(campaign=True), FACTS).lines} == set(PRICES)


def test_the_template_says_what_there_is() -> None:
    template = load(SOURCE)
    before = facts_of(template, {name: str(each["Default"]) for name, each in template["Parameters"].items()})
    template["Resources"] |= {
        "OwnKey": {"Type": "AWS::KMS::Key", "Condition": "BulkRests", "Properties": {}},
        "Board": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {}},
        "RatioAlarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {"Metrics": [{"MetricStat": {}}, {"MetricStat": {}}, {"Expression": "m1 / m2"}]},
        },
    }
    values = {name: str(each["Default"]) for name, each in template["Parameters"].items()}
    after = facts_of(template, values)
    assert (after.keys - before.keys, after.dashboards - before.dashboards) == (0, 1)
    assert after.alarm_metrics - before.alarm_metrics == 2
    assert facts_of(template, values | {"BulkQuietHours": "20:00-08:00"}).keys - before.keys == 1


def test_the_page_has_the_figures_of_the_command() -> None:
    rows = re.findall(r"^\| `kobo cost ?([^`]*)` \| ([\d.]+) \|", PAGE.read_text(), re.MULTILINE)
    assert len(rows) >= 5
    for options, told in rows:
        assert cost(*shlex.split(options))["total"]["texts_usd"] == pytest.approx(float(told), abs=0.005), options
