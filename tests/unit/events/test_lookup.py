from __future__ import annotations

import random
from contextlib import suppress
from decimal import Decimal
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
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
            lookup.add([part(recipients=numbers(500))])
    # With half of them left each round halves what there is to do.
    assert runs <= 2
    assert sum(waits) < 15


def test_what_is_never_processed_is_an_error() -> None:
    table, waits = FakeTable(leave=lambda requests: requests[:1]), list[float]()
    with pytest.raises(NotWritten, match="1 of 2"):
        Lookup(cast(Any, table), "table", waits.append).add([part()])
    assert sum(waits) < 5


def test_a_call_for_which_there_is_no_room_keeps_the_others_from_nothing() -> None:
    calls = []

    def leave(requests: list[Any]) -> list[Any]:
        calls.append(requests)
        if len(calls) == 2:
            raise ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "BatchWriteItem")
        return []

    table = FakeTable(leave=leave)
    Lookup(cast(Any, table), "table", lambda _: None).add([part(recipients=numbers(100))])
    assert len(table.written) == 100
    # The second call is made again once the others are through.
    assert calls[4] == calls[1]
    assert len(calls) == 5


def test_other_errors_pass_through() -> None:
    def leave(_: list[Any]) -> list[Any]:
        raise EndpointConnectionError(endpoint_url="x")

    with pytest.raises(EndpointConnectionError):
        Lookup(cast(Any, FakeTable(leave=leave)), "table", lambda _: None).add([part()])
