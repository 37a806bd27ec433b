"""Counting over an index that holds only counts: pages as DynamoDB makes them, of 1 MB or of a limit."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.campaigns import progress
from kobo_sms.campaigns.progress import CampaignProgress
from kobo_sms.messages.progress import read_progress

# 1 MB of entries of about 130 bytes each.
PAGE = 8000


@dataclass
class FakeIndex:
    """`parts` by partition: texts and how many parts say so, sorted. A place in a partition is a number."""

    parts: dict[str, list[tuple[str, int]]]
    page: int = PAGE
    calls: list[dict[str, Any]] = field(default_factory=list)
    read: int = 0

    def query(self, **asked: Any) -> dict[str, Any]:
        self.calls.append(asked)
        values, condition = asked["ExpressionAttributeValues"], asked["KeyConditionExpression"]
        texts = self.parts.get(values[":shard"]["S"], [])
        found = [(text, count) for text, count in texts if _holds(condition, text, values[":text"]["S"])]
        ends = [sum(count for _, count in found[: at + 1]) for at in range(len(found))]
        start = int(asked["ExclusiveStartKey"]["id"]["S"]) + 1 if "ExclusiveStartKey" in asked else 0
        # An earlier condition may have left out what a place counts: a place is one among all parts.
        first = ends[-1] if found else 0
        end = min(start + min(asked.get("Limit", self.page), self.page), first)
        answer: dict[str, Any] = {"Count": end - start}
        if asked.get("Select") != "COUNT":
            self.read += end - start
            answer["Items"] = [_item(at, found[bisect_right(ends, at)][0]) for at in range(start, end)]
        return answer | ({"LastEvaluatedKey": {"id": {"S": str(end - 1)}}} if end < first else {})


def _holds(condition: str, text: str, wanted: str) -> bool:
    if "begins_with" in condition:
        return text.startswith(wanted)
    return text > wanted if ">" in condition else text == wanted


def _item(at: int, text: str) -> dict[str, Any]:
    return {"id": {"S": str(at)}, "part": {"S": "0"}, "progress": {"S": text}}


def counting(index: FakeIndex) -> CampaignProgress:
    client: Any = index
    return CampaignProgress(client, "messages", ThreadPoolExecutor(1))


TEXTS = st.sampled_from(
    ["delivered 1", "queued 1", "queued 3\nsent 2", "rejected 1 no such number", "sent 1", "sent 2\nrejected 1 bad"]
)
PARTITION = st.dictionaries(TEXTS, st.integers(1, 30)).map(lambda counts: sorted(counts.items()))


@given(first=PARTITION, second=PARTITION, page=st.integers(1, 9), limit=st.integers(1, 9))
def test_each_part_is_counted_once(
    first: list[tuple[str, int]], second: list[tuple[str, int]], page: int, limit: int
) -> None:
    index = FakeIndex({"sale/0": first, "sale/5": second}, page)
    wanted: Counter[tuple[str, str]] = Counter()
    for text, count in [*first, *second]:
        for of, recipients in read_progress(text).items():
            wanted[of] += recipients * count
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(progress, "_PAGE", limit)
        found = counting(index)
        assert found.count("sale") == wanted
        rejected = sum(count for text, count in [*first, *second] if "rejected" in text)
        assert len(found.parts_with("sale", {"rejected"}.__contains__)) == rejected
        assert found.anything_open("sale") is any("queued" in text for text, _ in [*first, *second])


def test_a_million_are_counted_in_few_calls() -> None:
    """A million parts to one recipient each, of which 2 % have failed for one of thirty reasons."""
    failed = [(f"undelivered 1 reason {at:02d}", 80) for at in range(30)]
    texts = sorted([("delivered 1", 90_000), ("sent 1", 32_000), ("queued 1", 600), *failed])
    index = FakeIndex({f"sale/{shard}": texts for shard in range(8)})
    assert counting(index).count("sale").total() == 8 * (90_000 + 32_000 + 600 + 30 * 80)
    # Of each partition a thread of its own asks.
    assert len(index.calls) / 8 < 100
    assert index.read / 8 < 5_000


def test_whether_anything_is_open_is_asked_in_24_calls_at_most() -> None:
    index = FakeIndex({f"sale/{shard}": [("delivered 1", 100_000)] for shard in range(8)})
    assert not counting(index).anything_open("sale")
    assert len(index.calls) == 24
    assert {asked["Limit"] for asked in index.calls} == {1}
