from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from kobo_sms.aws.stream_records import keys_of, read_change, sequence_of
from kobo_sms.messages.packing import unpack_numbers

SAMPLE = json.loads((Path(__file__).parents[3] / "events" / "stream.json").read_text())


def test_the_sample_event_is_read() -> None:
    inserted, modified, split = SAMPLE["Records"]
    change = read_change(modified)
    assert keys_of(modified) == ("order-2291-shipped", "0")
    assert (change.event_id, change.sequence) == (modified["eventID"], sequence_of(modified))
    assert change.old is not None
    assert change.new is not None
    assert (change.old["state"], change.new["state"]) == ("sending", "sent")
    assert change.new["created_at"] == Decimal("1795861200.125")
    assert read_change(inserted).old is None
    # Binaries are Base64 in JSON.
    root = read_change(split).new
    assert root is not None
    assert unpack_numbers(root["numbers"]) == ["2348030100001", "2348030100002"]


def test_an_item_that_is_gone_has_no_new_image() -> None:
    record = json.loads(json.dumps(SAMPLE["Records"][1]))
    del record["dynamodb"]["NewImage"]
    assert read_change(record).new is None
