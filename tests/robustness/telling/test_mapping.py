"""The stream is handed out as template.yaml says, and in the shape in which Lambda does it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from kobo_sms.aws.dynamodb import encode
from kobo_sms.aws.stream_records import read_change
from kobo_sms.messages.packing import pack_numbers, unpack_numbers
from local_aws.stream_shard import StreamMapping
from tests.integration.template import Template
from tests.robustness.simulation import publishing
from tests.robustness.telling.stream import MAPPING, TableStream, handed_out, sequence_of
from tests.unit.events.stream import ONE, part

SAMPLE = Path(__file__).parents[3] / "events" / "stream.json"


def test_the_mapping_is_the_templates() -> None:
    function = Template({}, {}).properties("PublishStatus")
    asked = function["Events"]["Changes"]["Properties"]
    assert (
        StreamMapping(
            batch_size=asked["BatchSize"],
            bisect=asked["BisectBatchOnFunctionError"],
            partial=asked["FunctionResponseTypes"] == ["ReportBatchItemFailures"],
            max_age=float(asked["MaximumRecordAgeInSeconds"]),
            filters=tuple(json.loads(each["Pattern"]) for each in asked["FilterCriteria"]["Filters"]),
        )
        == MAPPING
    )
    assert function["Timeout"] == publishing.SECONDS


def test_a_record_has_the_shape_of_the_sample() -> None:
    (sample, *_) = json.loads(SAMPLE.read_text())["Records"]
    stream = TableStream()
    stream.write(None, encode(part()), now=1.5)
    (record,) = handed_out(stream.records)
    assert record.keys() <= sample.keys()
    assert record["dynamodb"].keys() <= sample["dynamodb"].keys()
    assert json.loads(json.dumps(record)) == record


def test_a_record_is_read_back_as_it_was_written() -> None:
    old, new = part(), part(state="split", numbers=pack_numbers([ONE]), updated_at=Decimal(7))
    stream = TableStream()
    stream.write(encode(old), encode(new), now=1.5)
    change = read_change(json.loads(json.dumps(handed_out(stream.records)))[0])
    assert (change.old, change.new) == (old, new)
    assert unpack_numbers(new["numbers"]) == [ONE]


def test_a_write_that_changes_nothing_is_no_record() -> None:
    stream = TableStream()
    assert stream.write(encode(part()), encode(part()), now=1.5) is None
    assert stream.records == []


def test_each_id_has_its_shard_and_an_order() -> None:
    stream = TableStream(shards=4)
    for at in range(40):
        stream.write(None, encode(part(f"order-{at % 10}", updated_at=Decimal(at))), now=at)
    shards = [stream.of_shard(number) for number in range(4)]
    assert sum(map(len, shards)) == 40
    ids = [{record["dynamodb"]["Keys"]["id"]["S"] for record in shard} for shard in shards]
    assert sum(map(len, ids)) == len(set.union(*ids)) == 10
    for number, shard in enumerate(shards):
        sequences = list(map(sequence_of, shard))
        assert sequences == sorted(sequences)
        assert stream.between(number, sequences[1], sequences[3]) == shard[1:4]
