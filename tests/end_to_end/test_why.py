"""`kobo why`, of what the functions themselves have stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from kobo_cli.connection import local_connection
from local_aws.stack import LocalStack
from mock_kobo.control_client import MockControl
from tests.end_to_end.conftest import Kobo
from tests.end_to_end.shop import wait_until

GOOD, NEXT = "2348030107001", "2348030107002"


@pytest.fixture
def mock(stack: LocalStack) -> Iterator[MockControl]:
    with MockControl(str(stack.mock_url)) as mock:
        yield mock
        mock.clear_faults()


def why(kobo: Kobo, *arguments: str) -> list[dict[str, Any]]:
    ran = kobo("why", *arguments, "--json")
    assert ran.returncode == 0, ran.stderr
    rows: list[dict[str, Any]] = json.loads(ran.stdout)
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    return rows


def answers(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(row["answer"], row["state"]) for row in rows if row["what"].endswith("answered")]


def test_a_gateway_that_is_busy_and_works_again(kobo: Kobo, stack: LocalStack, mock: MockControl) -> None:
    connection = local_connection(stack.environment)
    mock.add_fault(endpoint="send", answer="error_gw")
    kobo("send", GOOD, "--msg", "Hello", "--id", "why-busy")
    wait_until(lambda: any("history" in item for item in connection.items_of("why-busy")), "the first attempt")
    mock.clear_faults()
    assert kobo("send", GOOD, "--msg", "Hello", "--id", "why-busy", "--wait").returncode == 0
    rows = why(kobo, "why-busy")
    assert answers(rows)[0] == ("error_gw", "queued")
    assert answers(rows)[-1] == ("ids", "sent")
    assert (rows[-1]["what"], rows[-1]["state"]) == ("end", "delivered")
    first = next(row for row in rows if row["what"] == "answered")
    assert "tried again" in first["why"]


def test_what_is_held_for_credit_and_what_is_not_delivered(kobo: Kobo) -> None:
    kobo("send", "2348030009003", "--msg", "Hello", "--id", "why-held", "--wait", "--timeout", "1s")
    kobo("send", "2348030009106", "--msg", "Hello", "--id", "why-off", "--wait")
    rows = why(kobo, "why-held")
    assert set(answers(rows)) == {("error_credit", "held")}
    assert rows[-1]["what"] in ("tried next", "claimed")
    end = why(kobo, "why-off")[-1]
    assert (end["what"], end["answer"], end["state"]) == ("end", "UNDELIV err:0dc", "undelivered")
    assert end["why"] == "the phone was switched off or out of reach"


def test_a_bad_number_is_followed_down_to_its_part(kobo: Kobo) -> None:
    bad = "2348030009002"
    kobo("send", GOOD, bad, NEXT, "--msg", "Hello", "--id", "why-split", "--wait")
    found = why(kobo, "why-split")
    rows = why(kobo, "why-split", bad)
    assert answers(rows) == [("error_param", "split"), ("error_param", "split"), ("error_param", "rejected")]
    assert (rows[-1]["what"].endswith("end"), rows[-1]["state"]) == (True, "rejected")
    assert {row["state"] for row in found if row["what"].endswith("end")} == {"rejected", "delivered"}
