"""`kobo credit` on a deployed stack, from the items that check_credit leaves there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kobo_sms.credit.alerts import AlertState, Track
from kobo_sms.credit.forecast import Usage, observe
from kobo_sms.table import moment

if TYPE_CHECKING:
    from tests.cli.conftest import Deployed

HOUR = 3600


def readings(
    now: float, hours: int = 5, per_hour: int = 120, top_up_at: int | None = None
) -> Iterator[tuple[float, Decimal]]:
    """Yield a reading every five minutes, 600 left now; 500 more so many minutes ago."""
    for minute in range(hours * 60, -1, -5):
        topped_up = top_up_at is not None and minute > top_up_at
        yield now - 60 * minute, Decimal(600) + Decimal(per_hour * minute) / 60 - 500 * topped_up


def fill(deployed: Deployed, now: float, *, answer: str = "balance", **how: Any) -> None:
    usage = Usage()
    for at, balance in readings(now, **how):
        usage = observe(usage, balance, at)
        deployed.put(id="~credit", part=f"{at:.3f}", balance=balance)
    alerts = AlertState(credit=Track("low", now - HOUR, now - HOUR))
    deployed.put(
        id="~credit", part="state", checked_at=moment(now), answer=answer, usage=usage.to_item(), version=300,
        low=Decimal(1000), critical=Decimal(200), alerts=alerts.to_item(), pending=[],
    )  # fmt: skip


def test_before_the_first_reading_it_says_so(deployed: Deployed) -> None:
    result = deployed.run("credit")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "The balance has not been read yet: check_credit reads it on its schedule.\n"
    report = deployed.json("credit")
    assert (report["balance"], report["history"], report["note"]) == (None, [], "the balance has not been read yet")


def test_what_a_person_reads(deployed: Deployed) -> None:
    fill(deployed, time.time(), top_up_at=90)
    deployed.send("bulk", 3)
    lines = deployed.run("credit").stdout.splitlines()
    assert lines[0].startswith("balance     600 (low), read today ")
    assert lines[1:3] == [
        "thresholds  low 1,000, critical 200",
        "use         120 an hour, at this rate enough for 5 hours",
    ]
    assert lines[3].startswith("runs out    to")
    assert lines[4].startswith("topped up   490, ")
    assert [line.partition(" │")[0].strip() for line in lines[6:12]] == ["780", "", "", "", "", "290"]
    assert "▇" in lines[6]
    assert "└───" in lines[12]
    assert lines[13].endswith("now")
    assert lines[14:] == [
        "", "priority  open", "  waiting   about 0 messages", "  mapping   not seen yet",
        "bulk      open", "  waiting   about 3 messages", "  mapping   not seen yet",
    ]  # fmt: skip


def test_where_blocks_cannot_be_written_there_are_none(deployed: Deployed) -> None:
    fill(deployed, time.time())
    result = deployed.run("credit", charset="ascii")
    assert result.exit_code == 0
    assert "|####" in result.stdout
    assert "+----" in result.stdout


def test_all_of_it_as_json(deployed: Deployed) -> None:
    now = time.time()
    fill(deployed, now, top_up_at=90)
    report = deployed.json("credit")
    assert (report["balance"], report["level"], report["thresholds"]) == (600, "low", {"low": 1000, "critical": 200})
    assert (report["rate_per_hour"], report["hours_left_at_this_rate"], report["note"]) == (120, 5, None)
    assert report["hours_left"] == pytest.approx(5, abs=0.02)
    assert report["runs_out_at"][:4] == report["read_at"][:4] == report["checked_at"][:4]
    assert [top_up["amount"] for top_up in report["top_ups"]] == [490]
    assert len(report["history"]) == 61
    assert report["history"][-1] == {"at": report["read_at"], "balance": 600}
    assert report["alerts"]["credit"]["state"] == "low"
    assert report["alerts"]["fault"] == {"state": "ok", "since": None}
    assert set(report["lanes"]) == {"priority", "bulk"}


def test_no_more_is_read_than_is_asked_for(deployed: Deployed) -> None:
    fill(deployed, time.time() - 30)
    assert len(deployed.json("credit", "--since", "90m")["history"]) == 18
    # The use and the balance are known all the same.
    report = deployed.json("credit", "--since", "1s")
    assert (report["history"], report["balance"], report["rate_per_hour"]) == ([], 600, 120)
    assert deployed.run("credit", "--since", "1s").stdout.startswith("balance     600 (low), read ")


def test_an_answer_that_was_no_balance_is_shown(deployed: Deployed) -> None:
    fill(deployed, time.time(), answer="error_user")
    assert "\nlast check  error_user, " in deployed.run("credit").stdout


def test_many_top_ups_are_counted(deployed: Deployed) -> None:
    now = time.time()
    for minute in range(8):
        deployed.put(id="~credit", part=f"{now - 600 + 60 * minute:.3f}", balance=Decimal(100 * minute))
    output = deployed.run("credit").stdout
    assert "topped up   7 times; the last 5 (all with --json):\n" in output
    assert output.count("topped up   100, ") == 5
