"""How the local stack works off a stream, held to what AWS documents of event source mappings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local_aws.errors import LocalStackError
from local_aws.plan import SOURCE
from local_aws.stream_shard import StreamMapping, StreamShard, matches
from local_aws.template.source import load

EVENTS = load(SOURCE)["Resources"]["PublishStatus"]["Properties"]["Events"]
PATTERN = json.loads(EVENTS["Changes"]["Properties"]["FilterCriteria"]["Filters"][0]["Pattern"])


def record(number: int, at: float = 0.0) -> dict[str, Any]:
    return {"dynamodb": {"SequenceNumber": str(number), "ApproximateCreationDateTime": at}}


def shard(count: int, **mapping: Any) -> StreamShard:
    made = StreamShard(StreamMapping(partial=True, **mapping))
    made.add(record(number) for number in range(count))
    return made


def numbers(batch: list[dict[str, Any]]) -> list[int]:
    return [int(each["dynamodb"]["SequenceNumber"]) for each in batch]


def failures(*identifiers: str) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": each} for each in identifiers]}


def test_what_is_done_is_not_handed_out_again() -> None:
    of_five = shard(5, batch_size=3)
    assert of_five.answered(of_five.batch(), failures(), failed=False)
    assert numbers(of_five.batch()) == [3, 4]
    assert of_five.answered(of_five.batch(), None, failed=False)
    assert of_five.batch() == []


def test_the_lowest_failure_is_where_it_begins_again() -> None:
    of_five = shard(5)
    assert not of_five.answered(of_five.batch(), failures("3", "1"), failed=False)
    assert numbers(of_five.batch()) == [1, 2, 3, 4]


@pytest.mark.parametrize("answer", [failures("x"), failures(""), {"batchItemFailures": [{}]}])
def test_a_failure_of_nothing_known_makes_all_of_it_come_again(answer: Any) -> None:
    of_five = shard(5)
    assert not of_five.answered(of_five.batch(), answer, failed=False)
    assert numbers(of_five.batch()) == [0, 1, 2, 3, 4]


def test_without_partial_responses_an_answer_means_success() -> None:
    made = StreamShard(StreamMapping(partial=False))
    made.add([record(1)])
    assert made.answered(made.batch(), failures("1"), failed=False)


def test_a_batch_that_the_function_dies_of_is_halved() -> None:
    of_eight = shard(8, bisect=True)
    sizes = []
    for _ in range(5):
        sizes.append(len(of_eight.batch()))
        of_eight.answered(of_eight.batch(), None, failed=True)
    assert sizes == [8, 4, 2, 1, 1]
    of_eight.answered(of_eight.batch(), failures(), failed=False)
    assert numbers(of_eight.batch()) == list(range(1, 8))


def test_without_halving_the_whole_batch_comes_again() -> None:
    of_eight = shard(8)
    of_eight.answered(of_eight.batch(), None, failed=True)
    assert len(of_eight.batch()) == 8


def test_what_is_too_old_is_given_up() -> None:
    made = StreamShard(StreamMapping(max_age=100))
    made.add([record(1, at=0), record(2, at=50), record(3, at=120)])
    assert numbers(made.give_up(now=151)) == [1, 2]
    assert numbers(made.batch()) == [3]


def test_without_an_age_nothing_is_given_up() -> None:
    assert shard(2).give_up(now=1e12) == []


@pytest.mark.parametrize(
    ("images", "wanted"),
    [
        ({"NewImage": {"message_uuid": {"S": "x"}}}, True),
        # What the functions note for themselves; what expires.
        ({"NewImage": {"version": {"N": "1"}}}, False),
        ({"OldImage": {"message_uuid": {"S": "x"}}}, False),
    ],
)
def test_the_templates_filter_lets_through_parts_and_nothing_else(images: Any, wanted: bool) -> None:
    assert matches(PATTERN, {"dynamodb": images}) is wanted


def test_values_and_absence_can_be_asked_for() -> None:
    assert matches({"eventName": ["INSERT", "MODIFY"]}, {"eventName": "MODIFY"})
    assert not matches({"eventName": ["INSERT"]}, {"eventName": "MODIFY"})
    assert matches({"old": [{"exists": False}]}, {})


def test_an_operator_that_nobody_evaluates_is_an_error() -> None:
    with pytest.raises(LocalStackError, match="prefix"):
        matches({"id": [{"prefix": "~"}]}, {"id": "x"})
