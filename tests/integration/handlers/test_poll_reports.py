from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from kobo_sms.aws.dynamodb import encode
from kobo_sms.composition import reports
from kobo_sms.reports.fan_out import FanOut
from kobo_sms.reports.store import ReportStore
from kobo_sms.valve.store import ValveStore
from tests.integration.conftest import PIN

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack
    from tests.integration.handlers.conftest import Functions

TEXT = f"Your PIN is {PIN}"
EXPECTED = {
    "2348030100001": ("delivered", "DELIVRD", None),
    "2348030009101": ("undelivered", "UNDELIV", "could not be delivered"),
    "2348030009102": ("do_not_disturb", "UNDELIV_DND", "the number is on the network's do-not-disturb list"),
    "2348030009103": ("expired", "EXPIRED", "was not delivered in time"),
    "2348030009104": ("undelivered", "REJECTD", "was refused by the network"),
    "2348030009105": (None, "PROCESSED", None),
    "2348030009106": ("undelivered", "UNDELIV err:0dc", "the phone was switched off or out of reach"),
}


def shown(item: dict[str, Any]) -> dict[str, tuple[Any, Any, Any]]:
    recipients = item["recipients"].items()
    return {number: (each.get("state"), each.get("report"), each.get("reason")) for number, each in recipients}


def test_each_report(functions: Functions, aws: Stack, kobo: MockControl) -> None:
    functions.put({"to": list(EXPECTED), "msg": TEXT, "id": "order-1"})
    functions.deliver()
    kobo.advance(10)
    assert functions.poll() == {"parts": 1, "calls": 7}
    item = aws.item("order-1")
    assert shown(item) == EXPECTED
    assert "due_at" in item
    assert item["state"] == "sent"


def test_a_part_whose_reports_are_final_is_not_asked_about_again(
    functions: Functions, aws: Stack, kobo: MockControl
) -> None:
    functions.put({"to": ["2348030100001", "2348030009102"], "msg": TEXT, "id": "order-1"})
    functions.deliver()
    kobo.advance(10)
    functions.poll()
    assert not {"due_at", "due_shard"} & aws.item("order-1").keys()
    assert functions.poll() == {"parts": 0, "calls": 0}


def test_nothing_is_asked_before_its_time(deploy: Any, kobo: MockControl) -> None:
    functions: Functions = deploy(FirstReportAfterSeconds="120")
    functions.put({"to": "2348030100001", "msg": TEXT})
    functions.deliver()
    assert functions.poll() == {"parts": 0, "calls": 0}
    assert kobo.list_calls(endpoint="report") == []


def test_accepted_without_ids_nothing_is_asked(functions: Functions, aws: Stack, kobo: MockControl) -> None:
    kobo.set_dialect(give_ids=False)
    functions.put({"to": "2348030100001", "msg": TEXT, "id": "order-1"})
    functions.deliver()
    item = aws.item("order-1")
    assert (item["state"], item["last_answer"]) == ("sent", "sent")
    assert "no report can be asked for" in item["reason"]
    assert functions.poll() == {"parts": 0, "calls": 0}


def test_without_time_nothing_is_begun(functions: Functions) -> None:
    functions.put({"to": "2348030100001", "msg": TEXT})
    functions.deliver()
    assert functions.poll(seconds=19) == {"parts": 0, "calls": 0}


def test_many_parts_over_all_shards(functions: Functions, aws: Stack, kobo: MockControl) -> None:
    functions.put(*({"to": "2348030100001", "msg": TEXT} for _ in range(30)))
    functions.deliver_all()
    kobo.advance(10)
    assert functions.poll() == {"parts": 30, "calls": 30}
    assert {shown(item)["2348030100001"][0] for item in aws.items() if "recipients" in item} == {"delivered"}


@pytest.mark.parametrize("failure", ["error_gw", "error_user", "reset", "html_503", "garbage"])
def test_no_answer_leaves_the_state_and_is_asked_again(
    functions: Functions, aws: Stack, kobo: MockControl, failure: str
) -> None:
    functions.put({"to": "2348030100001", "msg": TEXT, "id": "order-1"})
    functions.deliver()
    kobo.add_fault(endpoint="report", **{"answer" if failure.startswith("error") else "kind": failure})
    functions.poll()
    item = aws.item("order-1")
    assert shown(item) == {"2348030100001": (None, None, None)}
    assert "due_at" in item


def test_what_is_logged_and_counted(
    functions: Functions, kobo: MockControl, output: pytest.CaptureFixture[str]
) -> None:
    functions.put({"to": list(EXPECTED), "msg": TEXT, "id": "order-1"})
    functions.deliver()
    kobo.advance(10)
    functions.poll()
    printed = output.readouterr().out
    assert '"ReportCalls":[7.0]' in printed
    assert '"DoNotDisturb":[1.0]' in printed
    assert '"SecondsToReport":[' in printed
    assert "8030009" not in printed
    assert "803010" not in printed


def test_metrics_tell_apart_networks_alone_and_the_log_reasons(
    functions: Functions, kobo: MockControl, output: pytest.CaptureFixture[str]
) -> None:
    functions.put({"to": [*EXPECTED, "2348050100001"], "msg": TEXT, "from": "Shop"})
    functions.deliver()
    kobo.advance(10)
    functions.poll()
    lines = [json.loads(line) for line in output.readouterr().out.splitlines()]
    documents = [line for line in lines if "_aws" in line]
    by: dict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
    for document in documents:
        if "network" in document:
            by["network", document["network"]] |= document
    assert by["network", "Glo"]["Delivered"] == [1.0]
    assert by["network", "MTN"]["NotDelivered"] == [5.0]
    (polled,) = (line for line in lines if line.get("message") == "reports polled")
    assert polled["reasons"]["absent"] == 1
    assert sum(polled["reasons"].values()) == 5
    # Each value of a dimension is billed: the values come from closed sets, and no two dimensions are crossed.
    declared = [
        set(names) for document in documents for names in document["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
    ]
    assert {"service", "network"} in declared
    assert all(names <= {"service", each} for names in declared for each in names - {"service"})
    assert set.union(*declared) <= {"service", "lane", "network"}
    assert "Shop" not in json.dumps(documents)


def test_more_than_a_hundred_deliveries(
    functions: Functions, kobo: MockControl, output: pytest.CaptureFixture[str]
) -> None:
    functions.put({"to": [f"23480301{at:05d}" for at in range(250)], "msg": TEXT})
    functions.deliver()
    kobo.advance(10)
    functions.poll()
    documents = [json.loads(line) for line in output.readouterr().out.splitlines() if "SecondsToReport" in line]
    assert [len(document["SecondsToReport"]) for document in documents] == [100, 100, 50]
    assert not any({"network", "sender"} & document.keys() for document in documents)
    # What had been counted before the first hundred was printed with it, once.
    printed = "".join(map(json.dumps, documents))
    assert (printed.count('"ReportCalls": ['), printed.count('"Delivered": [')) == (1, 1)


class Lambda:
    """Keeps the invocations that it is asked for; refuses one of them."""

    def __init__(self, refused: int | None = None) -> None:
        self.payloads: list[dict[str, int]] = []
        self._refused = refused

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> None:  # noqa: N803
        assert (FunctionName, InvocationType) == ("poll-reports", "Event")
        payload = json.loads(Payload)
        if payload["shard"] == self._refused:
            raise ClientError({"Error": {"Code": "TooManyRequestsException"}}, "Invoke")
        self.payloads.append(payload)


def test_the_schedules_invocation_starts_the_other_shards(deploy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    functions: Functions = deploy(ReportShards="4")
    siblings = FanOut(cast("Any", invoked := Lambda()), 4)
    monkeypatch.setattr(reports, "FanOut", lambda client, shards: siblings)
    functions.poll()
    assert invoked.payloads == [{"shard": 1}, {"shard": 2}, {"shard": 3}]
    functions.poll(shard=2)
    assert len(invoked.payloads) == 3


def test_one_shard_starts_nobody(functions: Functions, aws: Stack) -> None:
    functions.poll()
    assert not aws.calls.of("lambda.Invoke")


def test_a_shard_that_could_not_be_started_is_logged(
    deploy: Any, monkeypatch: pytest.MonkeyPatch, output: pytest.CaptureFixture[str]
) -> None:
    functions: Functions = deploy(ReportShards="4")
    siblings = FanOut(cast("Any", invoked := Lambda(refused=2)), 4)
    monkeypatch.setattr(reports, "FanOut", lambda client, shards: siblings)
    functions.poll()
    assert invoked.payloads == [{"shard": 1}, {"shard": 3}]
    assert '"shards":[2]' in output.readouterr().out


def test_a_part_that_is_put_off_is_logged_by_its_key_and_counted(
    functions: Functions, aws: Stack, kobo: MockControl, output: pytest.CaptureFixture[str]
) -> None:
    functions.put({"to": "2348030100001", "msg": TEXT, "id": "order-1"})
    functions.deliver()
    broken: dict[str, Any] = {"id": "order-2", "part": "0.1", "due_shard": "0", "due_at": 1, "text": TEXT, "put_off": 2}
    broken["recipients"] = {"2348030100002": "sent"}
    aws.dynamodb.put_item(TableName="messages", Item=encode(broken))
    kobo.advance(10)
    assert functions.poll() == {"parts": 1, "calls": 1}
    lines = [json.loads(line) for line in output.readouterr().out.splitlines()]
    (told,) = (line for line in lines if line.get("message") == "part put off")
    named = {name: told[name] for name in ("level", "request_id", "part", "times", "error")}
    assert named == {"level": "ERROR", "request_id": "order-2", "part": "0.1", "times": 3, "error": "KeyError"}
    assert any(frame.startswith("require_pollable:") for frame in told["frames"])
    assert [line["PartsPutOff"] for line in lines if "PartsPutOff" in line] == [[1.0]]
    assert TEXT not in str(lines)


def test_without_such_parts_the_count_is_zero(functions: Functions, output: pytest.CaptureFixture[str]) -> None:
    functions.poll()
    assert '"PartsPutOff":[0.0]' in output.readouterr().out


def test_a_valve_that_nobody_can_read_is_logged(
    functions: Functions, kobo: MockControl, monkeypatch: pytest.MonkeyPatch, output: pytest.CaptureFixture[str]
) -> None:
    def fails(store: ValveStore) -> str | None:
        raise KeyError("since")

    monkeypatch.setattr(ValveStore, "fault", fails)
    functions.put({"to": "2348030100001", "msg": TEXT})
    functions.deliver()
    kobo.advance(10)
    assert functions.poll() == {"parts": 1, "calls": 1}
    lines = [json.loads(line) for line in output.readouterr().out.splitlines()]
    (told,) = (line for line in lines if line.get("message") == "item unreadable")
    assert (told["level"], told["item"], told["error"]) == ("ERROR", "valve", "KeyError")


def test_a_valve_that_aws_does_not_give_fails_the_invocation(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(store: ValveStore) -> str | None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb")

    monkeypatch.setattr(ValveStore, "fault", fails)
    with pytest.raises(EndpointConnectionError):
        functions.poll()


def test_an_error_of_aws_fails_the_invocation_after_its_metrics(
    functions: Functions, kobo: MockControl, monkeypatch: pytest.MonkeyPatch, output: pytest.CaptureFixture[str]
) -> None:
    functions.put({"to": "2348030100001", "msg": TEXT})
    functions.deliver()

    def refuse(*_: Any, **__: Any) -> None:
        raise ClientError({"Error": {"Code": "Throttled"}}, "UpdateItem")

    monkeypatch.setattr(ReportStore, "record_reports", refuse)
    with pytest.raises(ClientError, match="Throttled"):
        functions.poll()
    assert '"ReportCalls":[1.0]' in output.readouterr().out
