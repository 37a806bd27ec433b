"""What `kobo stats` says, built from the counters that poll_reports keeps."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from kobo_cli.commands import stats
from kobo_cli.main import main
from kobo_cli.reports.stats import ROWS, build
from kobo_sms.reports.counts import Counts
from kobo_sms.reports.rounds import Ended
from kobo_sms.reports.schedule import EDGES
from kobo_sms.reports.store import StatsStore


def counted() -> dict[str, Any]:
    """Two quarters of an hour of an evening."""
    counts = Counts()
    counts.add([Ended("delivered", None, "MTN", "Shop|[red]", 40.0, 60.0)] * 6)
    counts.add([Ended("delivered", None, "Glo", "Bank", 130.0, 200.0)] * 3)
    counts.add(
        [Ended("undelivered", "absent", "MTN", "Bank", 0.0, 120.0), Ended("unknown", "no_report", "Glo", "Bank")]
    )
    return dict(counts.attributes())


def shown(*items: dict[str, Any], blocks: bool = True) -> str:
    console = Console(file=io.StringIO(), width=120)
    stats.print_stats(console, build(items), blocks=blocks)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_items_add_up() -> None:
    one, two = build([counted()]), build([counted(), counted(), {"id": "~stats", "part": "x", "runs": {"a"}}])
    assert one["recipients"] == 11
    assert two["recipients"] == 22
    assert two["states"] == {"delivered": 18, "undelivered": 2, "unknown": 2}
    assert two["networks"] == [
        {"network": "MTN", "recipients": 14, "delivered": 12},
        {"network": "Glo", "recipients": 8, "delivered": 6},
    ]
    assert {each["sender"]: each["delivered"] for each in two["senders"]} == {"Shop|[red]": 12, "Bank": 6}
    assert [each["reason"] for each in two["reasons"]] == ["absent", "no_report"]
    assert two["reasons"][0]["means"] == "the phone was switched off or out of reach"


def test_times_are_those_of_the_delivered() -> None:
    times = build([counted()])["seconds_to_delivered"]
    assert 40 <= times["median"] <= 64
    assert 128 <= times["ninety_percent"] <= 256
    rows = {row["took"]: row["delivered"] for row in times["histogram"]}
    assert rows == {"under 30 s": 0.0, "30 s to 1 min": 6.0, "1 to 2 min": 0.0, "2 to 4 min": 3.0}


def test_no_bin_lies_across_two_rows() -> None:
    assert {end for end, _ in ROWS[:-1]} <= set(EDGES)


def test_the_tables() -> None:
    text = shown(counted())
    for line in (
        "11 recipients with a final report",
        "delivered                    9  81.8%  ████████████████████████▌",
        "the phone was switched off or out of reach           1  50.0%  ███████████████",
        "Shop|[red]                   6     100.0%  ██████████████████████████████",
        "90 % within 3 min",
    ):
        assert line in text, text


def test_plain_where_there_are_no_blocks() -> None:
    text = shown(counted(), blocks=False)
    assert "#########################" in text
    text.encode("ascii")


def test_nothing_yet() -> None:
    assert shown() == "no reports have come in since then\n"


@pytest.mark.parametrize(("share", "bar"), [(0, ""), (1e-9, "▏"), (0.5, "██"), (0.53, "██▏"), (1, "████")])
def test_bars(share: float, bar: str) -> None:
    assert stats.bar(share, 4, blocks=True) == bar


@pytest.mark.parametrize(("value", "seconds"), [("90m", 5400), ("24h", 86_400), ("7d", 604_800)])
def test_how_far_back(value: str, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def since(_self: StatsStore, start: float) -> Iterator[dict[str, Any]]:
        asked.append(start)
        return iter([counted()])

    class Connection:
        dynamodb, variables = None, {"KOBO_TABLE": "messages"}

    monkeypatch.setattr(stats, "connect", lambda stack, local: Connection())
    monkeypatch.setattr(StatsStore, "since", since)
    monkeypatch.setattr("time.time", lambda: 1e9)
    result = CliRunner().invoke(main, ["stats", "--since", value, "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["recipients"] == 11
    assert asked == [1e9 - seconds]


@pytest.mark.parametrize("value", ["", "24", "h", "0h", "-1h", "1.5h", "1w", "yesterday"])
def test_a_bad_length_of_time_is_named(value: str) -> None:
    result = CliRunner().invoke(main, ["stats", "--since", value])
    assert result.exit_code == 2
    assert f"{value!r} is no length of time" in result.stderr
