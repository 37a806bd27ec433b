from __future__ import annotations

import random
from contextlib import suppress
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.errors import NotWritten
from kobo_sms.events.lookup import Lookup, entries_of, part_of
from tests.unit.events.stream import ONE, TWO, FakeTable, part


def test_each_number_gets_an_entry_that_names_its_part() -> None:
    entries = list(entries_of(part(name="0.1")))
    assert entries == [
        {"id": f"~to/{number}", "part": "001800000000250/0.1/order-1", "expires": 1802592000 + 28 * 86_400}
        for number in (ONE, TWO)
    ]
    assert part_of(entries[0]) == ("order-1", "0.1")


def test_what_was_written_in_place_of_a_number_gets_none() -> None:
    item = part(recipients={ONE: {}, "0803": {"state": "rejected"}, "my secret": {"state": "rejected"}})
    assert [entry["id"] for entry in entries_of(item)] == [f"~to/{ONE}"]


@given(st.lists(st.decimals("0", "9999999999", places=3), min_size=2, max_size=2, unique=True))
def test_the_keys_stand_in_the_order_of_time(moments: list[Decimal]) -> None:
    early, late = sorted(moments)
    first, second = (next(entries_of(part(created_at=moment)))["part"] for moment in (early, late))
    assert first < second


def numbers(count: int) -> dict[str, Any]:
    return {str(2348030100000 + at): {} for at in range(count)}


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_what_stays_unprocessed_is_written_again(share: float) -> None:
    draw, waits = random.Random(2), list[float]()
    table = FakeTable(leave=lambda requests: [each for each in requests if draw.random() < share])
    lookup, runs = Lookup(cast(Any, table), "table", waits.append), 0
    while len(table.written) < 500:
        runs += 1
        with suppress(NotWritten):
            lookup.add(part(recipients=numbers(500)))
    assert runs == 1 or share == 0.5
    assert runs <= 20


def test_what_is_never_processed_is_an_error() -> None:
    table = FakeTable(leave=lambda requests: requests[:1])
    with pytest.raises(NotWritten, match="1 of 2"):
        Lookup(cast(Any, table), "table", lambda _: None).add(part())
