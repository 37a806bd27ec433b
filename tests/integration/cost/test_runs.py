"""What an invocation reads, writes and logs is what `kobo cost` says."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from kobo_cli.cost import runs
from kobo_sms.table import DUE_SHARDS, REPORTS_ID, STATS_ID
from tests.integration.conftest import create_consumers

if TYPE_CHECKING:
    from tests.integration.cost.conftest import Metered

# A log line has times in it, and names of the stack's choice.
ROUGHLY = 0.06


def read_units(metered: Metered) -> float:
    """Return the read units since the last reading; none of the items is larger than 4 kB."""
    calls = metered.stack.calls
    items = [*calls.of("dynamodb.GetItem"), *calls.of("dynamodb.Query")]
    assert not calls.of("dynamodb.BatchGetItem")
    return sum(1.0 if call.get("ConsistentRead") else 0.5 for call in items)


def test_a_check_of_the_credit(metered: Metered, monkeypatch: pytest.MonkeyPatch) -> None:
    create_consumers(metered.stack)
    for lane in ("PRIORITY", "BULK"):
        monkeypatch.setenv(f"{lane}_MAPPING", metered.stack.names[f"SendSms{lane.title()}"])
    metered.functions.check_credit()
    metered.begin()
    metered.functions.check_credit()
    assert read_units(metered) == runs.CHECK.read_units
    assert sum(map(metered.meter.units, metered.meter.changes())) == runs.CHECK.write_units
    assert len(metered.printed()) == pytest.approx(runs.CHECK.log_bytes, rel=ROUGHLY)
    assert not metered.stack.calls.of("secretsmanager.GetSecretValue")


def test_a_tick_of_poll_reports_with_nothing_to_ask(metered: Metered) -> None:
    metered.functions.poll()
    assert read_units(metered) == runs.POLL_IDLE.read_units
    assert metered.meter.changes() == []
    assert len(metered.printed()) == pytest.approx(runs.POLL_IDLE.log_bytes, rel=ROUGHLY)


def test_a_tick_of_queue_campaign_with_nothing_to_queue(metered: Metered) -> None:
    metered.functions.queue_campaigns()
    assert read_units(metered) == runs.QUEUE_IDLE.read_units
    assert metered.meter.changes() == []
    assert len(metered.printed()) == runs.QUEUE_IDLE.log_bytes


def test_a_busy_run_of_poll_reports(metered: Metered) -> None:
    prefixes = ("234803", "234802", "234805", "234809", "447700")
    to = [f"{prefix}{at:07d}" for prefix in prefixes[:4] for at in range(20)]
    failing = [f"23480300091{at:02d}" for at in (1, 2, 3, 4)]
    for at, number in enumerate([*to, *failing]):
        metered.functions.put({"to": number, "msg": "x", "id": f"order-{at}", "from": f"Shop{at % 9}"})
    metered.functions.deliver_all()
    metered.kobo.advance(2000)
    metered.begin()
    assert metered.functions.poll()["parts"] == len(to) + len(failing)
    written = Counter(change.id for change in metered.meter.changes())
    assert written[REPORTS_ID] == 2 * len(DUE_SHARDS)
    assert written[STATS_ID] == 1
    assert written[REPORTS_ID] + written[STATS_ID] <= runs.POLL_BUSY_WRITES
    delivered = runs.POLL_BYTES_A_TEXT * len(to)
    # The more sender IDs, the more: this is with all that are told apart.
    assert len(metered.printed()) <= 2 * runs.POLL_BUSY_BYTES + delivered


def test_what_sending_logs(metered: Metered) -> None:
    metered.functions.put(*({"to": "2348030100001", "msg": "x", "id": f"{at:036d}"} for at in range(5)))
    metered.functions.deliver()
    said = runs.SEND_BYTES + 5 * runs.SEND_BYTES_A_MESSAGE
    assert len(metered.printed()) == pytest.approx(said, rel=ROUGHLY)


def test_what_publishing_logs(metered: Metered) -> None:
    metered.functions.put({"to": "2348030100001", "msg": "x", "id": "order-1"})
    metered.functions.deliver()
    metered.meter.make_due("order-1")
    metered.functions.poll()
    metered.printed()
    (silent,) = (change for change in metered.meter.changes() if change.id == "order-1")
    metered.publish([silent])
    assert len(metered.printed()) == pytest.approx(runs.PUBLISH_BYTES, rel=ROUGHLY)
    metered.functions.put({"to": "2348030100001", "msg": "x", "id": "order-2"})
    metered.meter.forget()
    metered.functions.deliver()
    metered.printed()
    metered.publish(metered.meter.changes())
    assert len(metered.printed()) == pytest.approx(runs.PUBLISH_BYTES_WITH_EVENTS, rel=ROUGHLY)
