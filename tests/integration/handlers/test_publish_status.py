"""publish_status as Lambda calls it, over an EventBridge, a table and a queue in process."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ReadTimeoutError

from kobo_sms.composition.events import event_app
from kobo_sms.events.bus import EventBus
from tests.integration.handlers.conftest import Functions

if TYPE_CHECKING:
    from tests.integration.conftest import Stack

SAMPLE: list[dict[str, Any]] = json.loads((Path(__file__).parents[3] / "events" / "stream.json").read_text())["Records"]

_names = itertools.count()


Publish = Callable[..., list[str]]


@pytest.fixture
def publish(aws: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publish]:
    """Hand a batch to the function, which starts cold in each test; the records from which it is to come again."""
    aws.names["UnpublishedQueue"] = aws.sqs.create_queue(QueueName="unpublished")["QueueUrl"]
    for name, value in aws.environment("PublishStatus", KoboBaseUrl="http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)
    # powertools keeps one logger, with its stream, for each service.
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"kobo-publishing-{next(_names)}")
    event_app.cache_clear()
    yield Functions(aws).publish
    event_app.cache_clear()


def told(aws: Stack) -> list[dict[str, Any]]:
    """Return what was put on the bus. (moto delivers nothing to a queue without a library that we do not have.)"""
    entries = [entry for call in aws.calls.of("events.PutEvents") for entry in call["Entries"]]
    assert {(entry["Source"], entry["DetailType"]) for entry in entries} <= {("kobo-sms.kobo", "SMS status changed")}
    return [json.loads(entry["Detail"]) for entry in entries]


def test_a_batch_is_published_and_can_be_looked_up(publish: Publish, aws: Stack) -> None:
    assert publish(SAMPLE) == []
    assert [(each["id"], [one["state"] for one in each["recipients"]]) for each in told(aws)] == [
        ("order-2291-shipped", ["sending"]),
        ("order-2291-shipped", ["sent"]),
        ("campaign-1", ["queued", "queued"]),
    ]
    assert [(item["id"], item["part"]) for item in aws.everything()] == [
        ("~to/2348030100002", "001795861200125/0/order-2291-shipped"),
    ]


def test_a_batch_that_comes_again_has_the_same_event_ids_and_entries(publish: Publish, aws: Stack) -> None:
    publish(SAMPLE)
    first, entries = told(aws), aws.everything()
    publish(SAMPLE)
    assert told(aws) == first * 2
    assert aws.everything() == entries


def test_what_there_is_no_time_for_is_named(publish: Publish) -> None:
    assert publish(SAMPLE, seconds=1) == [SAMPLE[0]["dynamodb"]["SequenceNumber"]]


def test_a_bus_that_does_not_answer_is_logged_and_no_error(
    publish: Publish, aws: Stack, output: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """botocore's errors of connections have no response, which a log line must not rely on."""

    def down(*_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="https://events")

    monkeypatch.setattr(EventBus, "put", down)
    assert publish(SAMPLE) == [SAMPLE[0]["dynamodb"]["SequenceNumber"]]
    assert '"error":"ReadTimeoutError"' in output.readouterr().out.replace(" ", "")
    assert aws.everything() == []


def test_an_unreadable_record_lies_in_the_queue_and_is_logged(
    publish: Publish, aws: Stack, output: pytest.CaptureFixture[str]
) -> None:
    broken = json.loads(json.dumps(SAMPLE[0]))
    del broken["dynamodb"]["NewImage"]["recipients"]
    assert publish([broken, SAMPLE[2]]) == []
    (message,) = aws.sqs.receive_message(QueueUrl=aws.names["UnpublishedQueue"])["Messages"]
    assert json.loads(message["Body"])["error"] == "KeyError"
    assert [each["id"] for each in told(aws)] == ["campaign-1"]
    printed = output.readouterr().out
    assert '"EventsUnpublishable":[1.0]' in printed
    assert '"EventsPublished":[1.0]' in printed


def test_neither_text_nor_number_is_logged(publish: Publish, output: pytest.CaptureFixture[str]) -> None:
    publish(SAMPLE)
    printed = output.readouterr().out
    assert "status published" in printed
    assert "2348030100002" not in printed
    assert "on its way" not in printed


@pytest.mark.parametrize("find", ["true", "false"])
def test_numbers_are_looked_up_only_where_that_is_wanted(
    publish: Publish, aws: Stack, monkeypatch: pytest.MonkeyPatch, find: str
) -> None:
    monkeypatch.setenv("FIND_BY_NUMBER", find)
    publish(SAMPLE)
    assert bool(aws.everything()) is (find == "true")


def test_who_does_not_want_to_be_disturbed_is_noted(publish: Publish, aws: Stack) -> None:
    record = json.loads(json.dumps(SAMPLE[1]))
    images = record["dynamodb"]
    images["OldImage"] = json.loads(json.dumps(images["NewImage"]))
    ((number, known),) = images["NewImage"]["recipients"]["M"].items()
    known["M"] |= {"state": {"S": "do_not_disturb"}, "at": {"N": "1795861300.5"}}
    assert publish([record, record]) == []
    (note,) = aws.everything()
    assert (note["id"], note["part"], float(note["at"])) == (f"~dnd/{number[-2:]}", number, 1795861300.5)
    assert note["expires"] == int(images["NewImage"]["expires"]["N"])
