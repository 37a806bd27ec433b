from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.messages.packing import pack_numbers, unpack_numbers


@given(st.sets(st.integers(10**9, 10**20 - 1), min_size=1))
def test_packed_numbers_unpack(numbers: set[int]) -> None:
    assert unpack_numbers(pack_numbers(map(str, numbers))) == [str(n) for n in sorted(numbers)]


def test_packed_numbers_are_small() -> None:
    # A message of 1 MiB holds at most this many, and an item of the table 400 kB.
    some = random.Random(0).sample(range(2348030000000, 2349190000000), 60_000)
    assert len(pack_numbers(map(str, some))) < 200_000
