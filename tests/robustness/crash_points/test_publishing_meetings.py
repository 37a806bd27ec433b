"""Two invocations of publish_status at once: A stops before a step, B runs until before one of its own, both go on.

They have a shard each, or the same batch, as when Lambda's poller has moved on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from local_aws.stream_shard import Record, StreamShard
from tests.robustness.crash_points.batches import TWO_CHANGES, two_of
from tests.robustness.crash_points.feeding import Feeding
from tests.robustness.crash_points.selection import ALL, thinned
from tests.robustness.telling.stream import MAPPING
from tests.robustness.telling.table import Table

Feed = Callable[[Table], Feeding]
# Requests whose hashes lie in the one shard and in the other.
REQUESTS = ("a", "b", "d", "e")


def meetings() -> Iterator[object]:
    for a in range(len(TWO_CHANGES)):
        for b in range(len(TWO_CHANGES) + 1):
            for first in "AB" if ALL else "AB"[(a + b) % 2]:
                if not thinned(a, b):
                    yield pytest.param(a, b, first, id=f"A{a}-B{b}-{first}_first")


def meet(life: Feeding, batches: tuple[list[Record], list[Record]], a: int, b: int, first: str) -> None:
    shards = [StreamShard(MAPPING), StreamShard(MAPPING)]
    for shard, batch in zip(shards, batches, strict=True):
        shard.add(batch)
    pair = [life.start(batches[0], (a, "before"), dies=False), life.start(batches[1], (b, "before"), dies=False)]
    for at in (0, 1) if first == "A" else (1, 0):
        pair[at].resume(0.0)
        life.take_back(shards[at], batches[at], pair[at])
        assert not shards[at].waiting


@pytest.mark.parametrize(("a", "b", "first"), list(meetings()))
def test_two_shards(feed: Feed, a: int, b: int, first: str) -> None:
    life = feed(two_of(*REQUESTS, shards=2))
    batches = life.table.stream.of_shard(0), life.table.stream.of_shard(1)
    assert list(map(len, batches)) == [4, 4]
    meet(life, batches, a, b, first)
    assert life.broken() == []


@pytest.mark.parametrize(("a", "b", "first"), list(meetings()))
def test_the_same_batch(feed: Feed, a: int, b: int, first: str) -> None:
    life = feed(two_of("a", "b"))
    meet(life, (life.table.stream.records, life.table.stream.records), a, b, first)
    assert life.broken() == []
