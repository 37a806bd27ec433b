from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.functions.conftest import PIN

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.functions.conftest import Stack
    from tests.integration.functions.handlers.conftest import Functions

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
    assert {shown(item)["2348030100001"][0] for item in aws.items()} == {"delivered"}


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
