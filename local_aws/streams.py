"""The event source mappings of streams, worked off in place of the engine.

MiniStack takes a partial batch response for a success and hands nothing out again, never bisects, and works streams off
in the one thread that also serves the queues. So the deployed mapping is switched off and its shard worked off here.
"""

import base64
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws.clients import Clients
from local_aws.drift.expectation import Expected
from local_aws.errors import LocalStackError
from local_aws.stream_shard import Record, StreamMapping, StreamShard

_MAPPING = "AWS::Lambda::EventSourceMapping"
_LOOK_SECONDS = 0.1
# Lambda waits longer with each failure of the same records.
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0


@dataclass(frozen=True)
class Streamed:
    """A function that a stream feeds; `failures_url` is the queue that is told of what was given up."""

    function: str
    stream_arn: str
    mapping: StreamMapping
    failures_url: str | None


def take_over_streams(clients: Clients, expected: Iterable[Expected]) -> list[Streamed]:
    """Switch the deployed mappings of streams off, the one place where that is done, and return what they feed."""
    taken = []
    for resource in expected:
        arn = str(resource.properties.get("EventSourceArn", ""))
        if resource.type == _MAPPING and ":dynamodb:" in arn:
            clients.functions.update_event_source_mapping(UUID=resource.physical_id, Enabled=False)
            taken.append(_streamed(clients, arn, resource.properties))
    return taken


def _streamed(clients: Clients, arn: str, asked: Mapping[str, Any]) -> Streamed:
    age = asked.get("MaximumRecordAgeInSeconds", -1)
    filters = [json.loads(each["Pattern"]) for each in asked.get("FilterCriteria", {}).get("Filters", [])]
    mapping = StreamMapping(
        batch_size=int(asked.get("BatchSize", 100)),
        bisect=bool(asked.get("BisectBatchOnFunctionError")),
        partial="ReportBatchItemFailures" in asked.get("FunctionResponseTypes", []),
        max_age=None if age == -1 else float(age),
        filters=tuple(filters),
    )
    failures = asked.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    queue = str(failures).rpartition(":")[2]
    url = clients.sqs.get_queue_url(QueueName=queue)["QueueUrl"] if failures else None
    return Streamed(str(asked["FunctionName"]), arn, mapping, url)


@contextmanager
def streaming(
    clients: Clients, streamed: Iterable[Streamed], progress: Callable[[str], None]
) -> Iterator[list[threading.Thread]]:
    """Feed each function from its stream until the context is left.

    That one begins or ceases to fail is told to `progress`. Yields the threads that do it, as `ticker.ticking` does.
    """
    stop = threading.Event()
    threads = [
        threading.Thread(target=_Feed(clients, one, progress, stop).run, name=one.function, daemon=True)
        for one in streamed
    ]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        stop.set()


class _Feed:
    """Feeds one function; MiniStack's streams have one shard each."""

    def __init__(
        self, clients: Clients, streamed: Streamed, progress: Callable[[str], None], stop: threading.Event
    ) -> None:
        self._clients = clients
        self._reader = clients.make("dynamodbstreams")
        self._streamed = streamed
        self._progress = progress
        self._stop = stop
        self._shard = StreamShard(streamed.mapping)
        self._failures = 0

    def run(self) -> None:
        """Work the stream off until told to stop; what the end of the stack cuts short is no error."""
        try:
            self._run()
        except Exception:
            if not self._stop.is_set():
                raise

    def _run(self) -> None:
        iterator = ""
        while not self._stop.is_set():
            try:
                iterator = self._read(iterator or self._first_iterator())
                pause = self._work()
            except (ClientError, BotoCoreError, LocalStackError) as error:
                pause = self._failed(str(error))
            self._stop.wait(pause)

    def _first_iterator(self) -> str:
        arn = self._streamed.stream_arn
        (shard,) = self._reader.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        found = self._reader.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )
        return str(found["ShardIterator"])

    def _read(self, iterator: str) -> str:
        if len(self._shard.waiting) >= self._streamed.mapping.batch_size:
            return iterator
        answer = self._reader.get_records(ShardIterator=iterator)
        self._shard.add(_event_record(record) for record in answer["Records"])
        return str(answer["NextShardIterator"])

    def _work(self) -> float:
        """Hand out a batch; return how long to wait for the next."""
        given_up = self._shard.give_up(datetime.now().timestamp())  # noqa: DTZ005 - epoch seconds have no zone
        if given_up:
            self._tell(given_up)
        batch = self._shard.batch()
        if not batch:
            return _LOOK_SECONDS
        answer = self._clients.functions.invoke(
            FunctionName=self._streamed.function, Payload=json.dumps({"Records": batch})
        )
        payload, failed = json.loads(answer["Payload"].read()), bool(answer.get("FunctionError"))
        if not self._shard.answered(batch, payload, failed=failed):
            return self._failed(str(payload.get("errorMessage", "some records come again")))
        if self._failures:
            self._progress(f"{self._streamed.function} works again")
        self._failures = 0
        return 0

    def _failed(self, problem: str) -> float:
        # An invocation that the end of the stack cut short is no failure.
        if not self._failures and not self._stop.is_set():
            self._progress(f"{self._streamed.function} fails: {problem}")
        self._failures += 1
        return min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(self._failures - 1, 10))

    def _tell(self, given_up: list[Record]) -> None:
        """Tell the queue of failures which records were given up, as Lambda does: without what is in them."""
        sequences = [record["dynamodb"]["SequenceNumber"] for record in given_up]
        batch = {"startSequenceNumber": sequences[0], "endSequenceNumber": sequences[-1], "batchSize": len(sequences)}
        body = {
            "requestContext": {"condition": "MaxRecordAgeExceeded", "functionArn": self._streamed.function},
            "DDBStreamBatchInfo": batch | {"streamArn": self._streamed.stream_arn},
        }
        if self._streamed.failures_url:
            self._clients.sqs.send_message(QueueUrl=self._streamed.failures_url, MessageBody=json.dumps(body))


def _event_record(record: Any) -> Record:
    """Return a record of GetRecords as Lambda hands it out: JSON, its binaries in Base64."""
    event: Record = json.loads(json.dumps(record, default=_as_json))
    return event


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(type(value).__name__)
