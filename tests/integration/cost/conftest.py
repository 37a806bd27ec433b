"""The functions over an AWS in process, all of whose writes are measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

import publish_status.handler
from kobo_sms.composition.events import event_app
from tests.integration.cost.meter import Change, Meter
from tests.integration.handlers.conftest import Functions, context, deploy

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack

__all__ = ["deploy"]


@dataclass
class Metered:
    """The functions, what they do to the table, and what they print."""

    functions: Functions
    stack: Stack
    kobo: MockControl
    meter: Meter
    printed: Callable[[], str]

    def warm_up(self) -> None:
        """Send a text and hear of it; nothing of that counts. (Loggers keep the output that is there when they are
        made, and a fixture's is another one.)"""
        self.functions.put({"to": "2348030199999", "msg": "warm", "id": "warm"})
        self.functions.deliver()
        self.kobo.advance(1000)
        self.meter.make_due("warm")
        self.functions.poll()
        self.kobo.set_clock(delivery_seconds=1000)
        self.begin()

    def begin(self) -> None:
        """Measure from here."""
        self.meter.forget()
        self.printed()

    def publish(self, changes: Sequence[Change]) -> None:
        publish_status.handler.handle({"Records": [each.record for each in changes]}, context(60))


@pytest.fixture
def metered(
    deploy: Callable[..., Functions],
    aws: Stack,
    kobo: MockControl,
    monkeypatch: pytest.MonkeyPatch,
    output: pytest.CaptureFixture[str],
) -> Iterator[Metered]:
    """A stack, to be warmed up; then reports are not final until the test says so."""
    aws.names["UnpublishedQueue"] = aws.sqs.create_queue(QueueName="unpublished")["QueueUrl"]
    functions = deploy()
    for name, value in aws.environment("PublishStatus", KoboBaseUrl=kobo.base_url).items():
        if name != "POWERTOOLS_SERVICE_NAME":
            monkeypatch.setenv(name, value)
    # Lambda sets it, and the logger prints it.
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0")
    event_app.cache_clear()
    yield Metered(functions, aws, kobo, Meter(aws), lambda: output.readouterr().out)
    event_app.cache_clear()
