from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from kobo_sms.messages.fields import ID_PATTERN
from kobo_sms.optouts.entries import SHARDS, do_not_disturb_entries, key_of, optout_entries

ONE, TWO = "2348030100001", "2348030100002"


def part(states: dict[str, str], **more: Any) -> dict[str, Any]:
    recipients: dict[str, Any] = {to: {"state": state} if state else {} for to, state in states.items()}
    return {"recipients": recipients, "updated_at": Decimal(7), "expires": Decimal(99), **more}


def test_numbers_are_spread_by_their_last_digits() -> None:
    assert key_of(ONE) == {"id": "~optout/01", "part": ONE}
    assert {key_of(f"23480301{n:05d}")["id"].partition("/")[2] for n in range(1000)} == set(SHARDS)
    # No request has such an id.
    assert not any(re.match(ID_PATTERN, id_) for id_ in ("~optout/01", "~dnd/01"))


def test_who_opts_out_stays_so_for_good() -> None:
    (entry,) = optout_entries([ONE], by="ada", now=1_800_000_000.1234)
    assert entry == {"id": "~optout/01", "part": ONE, "at": Decimal("1800000000.123"), "by": "ada"}
    assert "expires" not in entry


def test_each_report_of_do_not_disturb_is_noted_once() -> None:
    before, after = part({ONE: "", TWO: ""}), part({ONE: "do_not_disturb", TWO: "delivered"})
    assert list(do_not_disturb_entries(before, after)) == [
        {"id": "~dnd/01", "part": ONE, "at": Decimal(7), "expires": 99}
    ]
    assert list(do_not_disturb_entries(after, after)) == []
    assert list(do_not_disturb_entries(None, before)) == []
    assert [entry["part"] for entry in do_not_disturb_entries(None, after)] == [ONE]


def test_neither_is_told_as_a_change_of_a_state() -> None:
    """The stream's filter lets parts through, which have a message_uuid."""
    text = (Path(__file__).parents[3] / "template.yaml").read_text()
    (pattern,) = [line for line in text.splitlines() if '"NewImage"' in line]
    wanted = json.loads(yaml.safe_load(pattern.strip().removeprefix("- Pattern: ")))
    (attribute,) = wanted["dynamodb"]["NewImage"]
    entries = [*optout_entries([ONE], by="ada", now=1.0), *do_not_disturb_entries(None, part({ONE: "do_not_disturb"}))]
    assert len(entries) == 2
    assert all(attribute not in entry for entry in entries)
