"""How Lambda works off a shard of a DynamoDB stream: what is handed out, and what its answer means. Free of I/O.

Rules: "Using AWS Lambda with Amazon DynamoDB" and "Configuring partial batch response with DynamoDB and Lambda". The
shard is handed out in order, and waits for its first record; that one is given up once it is too old.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.errors import LocalStackError

Record = dict[str, Any]


@dataclass(frozen=True)
class StreamMapping:
    """What the template says of an event source mapping of a stream; `filters` are patterns, of which one must match.

    `max_age` in seconds, None for as long as the stream keeps a record.
    """

    batch_size: int = 100
    bisect: bool = False
    partial: bool = False
    max_age: float | None = None
    filters: tuple[Mapping[str, Any], ...] = ()


@dataclass
class StreamShard:
    """The records of a shard that are not done yet."""

    mapping: StreamMapping
    waiting: deque[Record] = field(default_factory=deque)
    _most: int = 0

    def add(self, records: Iterable[Record]) -> None:
        """Take what the stream has brought; what no filter lets through is done."""
        self.waiting.extend(record for record in records if self._is_wanted(record))

    def give_up(self, now: float) -> list[Record]:
        """Return the records that are too old, which are done by that; `now` in epoch seconds."""
        age, given_up = self.mapping.max_age, []
        while age is not None and self.waiting and now - created_at(self.waiting[0]) > age:
            given_up.append(self.waiting.popleft())
        return given_up

    def batch(self) -> list[Record]:
        """Return the next records to hand out, none when nothing waits."""
        most = self._most or self.mapping.batch_size
        return [self.waiting[at] for at in range(min(most, len(self.waiting)))]

    def answered(self, batch: list[Record], answer: Any, *, failed: bool) -> bool:
        """Note what became of a batch: `failed` if the function raised. Tell whether all of it is done."""
        done = 0 if failed else self._done(batch, answer)
        for _ in range(done):
            self.waiting.popleft()
        left = len(batch) - done
        self._most = 0
        if left and self.mapping.bisect:
            self._most = max(1, left // 2) if failed else left
        return not left

    def _done(self, batch: list[Record], answer: Any) -> int:
        failures = (answer or {}).get("batchItemFailures") if self.mapping.partial else None
        if not failures:
            return len(batch)
        places = {record["dynamodb"]["SequenceNumber"]: at for at, record in enumerate(batch)}
        # An identifier that is not in the batch makes all of it come again.
        return min(places.get(failure.get("itemIdentifier"), 0) for failure in failures)

    def _is_wanted(self, record: Record) -> bool:
        filters = self.mapping.filters
        return not filters or any(matches(pattern, record) for pattern in filters)


def created_at(record: Record) -> float:
    """Return when a record came into the stream, in epoch seconds."""
    return float(record["dynamodb"]["ApproximateCreationDateTime"])


def matches(pattern: Mapping[str, Any], value: Any) -> bool:
    """Tell whether a filter pattern lets a value through.

    Raises
    ------
    LocalStackError
        for an operator that is not known here.
    """
    there = value if isinstance(value, dict) else {}
    return all(
        matches(wanted, there.get(name)) if isinstance(wanted, dict) else _one_of(wanted, there, name)
        for name, wanted in pattern.items()
    )


def _one_of(wanted: Iterable[Any], there: Mapping[str, Any], name: str) -> bool:
    for each in wanted:
        if isinstance(each, dict) and set(each) != {"exists"}:
            raise LocalStackError(f"nobody evaluates the filter {each} here; add it to local_aws/stream_shard.py")
        if (name in there) is each["exists"] if isinstance(each, dict) else (name in there and there[name] == each):
            return True
    return False
