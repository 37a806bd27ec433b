"""What the end of the stack cuts short is no failure, wherever a thread of the stack is just then."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ConnectionClosedError, ResponseStreamingError

from local_aws.clients import Clients
from local_aws.stream_shard import StreamMapping
from local_aws.streams import Streamed, streaming
from local_aws.ticker import Scheduled, ticking

Threads = AbstractContextManager[list[threading.Thread]]
RECORD = {"eventID": "1", "dynamodb": {"SequenceNumber": "1", "ApproximateCreationDateTime": 1.0}}


def refused() -> Any:
    raise ConnectionClosedError(endpoint_url="http://127.0.0.1")


def cut() -> Any:
    def read() -> bytes:
        raise ResponseStreamingError(error="cut")

    return {"Payload": SimpleNamespace(read=read)}


def half_a_payload() -> Any:
    return {"FunctionError": "Unhandled", "Payload": SimpleNamespace(read=lambda: b'{"errorMes')}


def broken_client() -> Any:
    raise KeyError("Records")


@dataclass
class Engine:
    """Keeps each invocation waiting until the stack ends, then answers as an engine that is killed."""

    answer: Callable[[], Any]
    asked: threading.Event = field(default_factory=threading.Event)
    killed: threading.Event = field(default_factory=threading.Event)

    def invoke(self, **_: Any) -> Any:
        self.asked.set()
        assert self.killed.wait(10)
        return self.answer()

    def clients(self) -> Clients:
        stream = SimpleNamespace(
            describe_stream=lambda **_: {"StreamDescription": {"Shards": [{"ShardId": "s"}]}},
            get_shard_iterator=lambda **_: {"ShardIterator": "i"},
            get_records=lambda **_: {"Records": [RECORD], "NextShardIterator": "i"},
        )
        return cast("Clients", SimpleNamespace(functions=self, make=lambda _: stream))


def ticker(clients: Clients, progress: Callable[[str], None]) -> Threads:
    return ticking(clients, [Scheduled("arn:f", "{}")], 0.01, progress)


def feed(clients: Clients, progress: Callable[[str], None]) -> Threads:
    return streaming(clients, [Streamed("f", "arn", StreamMapping(), None)], progress)


@pytest.fixture
def raised(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    found: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", found.append)
    return found


@pytest.mark.parametrize("run", [ticker, feed])
@pytest.mark.parametrize("answer", [refused, cut, half_a_payload, broken_client])
def test_the_end_of_the_stack_is_no_failure(
    run: Callable[..., Threads], answer: Callable[[], Any], raised: list[Any]
) -> None:
    engine, told = Engine(answer), list[str]()
    with run(engine.clients(), told.append) as threads:
        assert engine.asked.wait(10)
    engine.killed.set()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    assert (raised, told) == ([], [])


@pytest.mark.parametrize("run", [ticker, feed])
def test_while_the_stack_runs_an_error_of_our_own_is_raised(run: Callable[..., Threads], raised: list[Any]) -> None:
    engine = Engine(broken_client)
    engine.killed.set()
    with run(engine.clients(), lambda _: None) as threads:
        for thread in threads:
            thread.join(10)
    assert [each.exc_type for each in raised] == [KeyError]
