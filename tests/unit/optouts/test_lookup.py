from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.errors import OptOutsUnknown
from kobo_sms.optouts.entries import key_of
from kobo_sms.optouts.lookup import OptOutLookup

MANY = [f"23480301{n:05d}" for n in range(500)]


@dataclass
class FakeTable:
    """DynamoDB's BatchGetItem; `leaves` tells how many keys of so many stay unread."""

    gone: Collection[str] = ()
    leaves: Callable[[int], int] = lambda keys: 0
    asked: list[int] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        ((table, request),) = RequestItems.items()
        keys = request["Keys"]
        assert request["ConsistentRead"] is True
        assert 1 <= len(keys) <= 100
        assert len({(key["id"]["S"], key["part"]["S"]) for key in keys}) == len(keys)
        assert all(key["id"]["S"] == key_of(key["part"]["S"])["id"] for key in keys)
        self.asked.append(len(keys))
        left = keys[: self.leaves(len(keys))]
        found = [{"part": key["part"]} for key in keys[len(left) :] if key["part"]["S"] in self.gone]
        rest = {table: {"Keys": left, "ConsistentRead": True, "ProjectionExpression": "part"}} if left else {}
        return {"Responses": {table: found} if found else {}, "UnprocessedKeys": rest}

    def lookup(self) -> OptOutLookup:
        return OptOutLookup(cast("Any", self), "messages", self.waits.append)


@given(st.integers(0, 500), st.sets(st.sampled_from([*MANY, "2348030299999"])))
def test_those_who_opted_out_are_found_a_hundred_at_a_time(count: int, gone: set[str]) -> None:
    table = FakeTable(gone)
    assert table.lookup().among(MANY[:count]) == gone & set(MANY[:count])
    assert len(table.asked) == -(-count // 100)
    assert sum(table.asked) == count


@given(st.sets(st.sampled_from(MANY)), st.integers(0, 2**32))
def test_what_is_left_unread_is_read_again(gone: set[str], seed: int) -> None:
    draw = random.Random(seed)
    table = FakeTable(gone, leaves=lambda keys: draw.choice((0, keys // 3)) if keys > 3 else 0)
    assert table.lookup().among(MANY) == gone
    assert sum(table.waits) < 2


def test_what_stays_unread_is_an_error_and_says_no_number() -> None:
    table = FakeTable(MANY, leaves=lambda keys: 1)
    with pytest.raises(OptOutsUnknown) as caught:
        table.lookup().among(MANY)
    assert str(caught.value) == "DynamoDB left 1 of 100 numbers unread 4 times"
    # A part of 500 waits for less than two seconds, with all of its batches slow.
    assert 5 * sum(table.waits) < 2
