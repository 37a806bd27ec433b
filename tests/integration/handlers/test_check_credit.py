from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError

from kobo_sms.errors import ConfigurationError, UnreadableBalance
from tests.integration.conftest import create_consumers

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack
    from tests.integration.handlers.conftest import Functions


@pytest.fixture(autouse=True)
def consumers(deploy: Callable[..., Functions], aws: Stack) -> None:
    """send_sms's event source mappings, which check_credit looks after."""
    create_consumers(aws)


def readings(aws: Stack) -> list[dict[str, Any]]:
    """Return the history of the balance."""
    return [item for item in aws.everything() if item["id"] == "~credit" and item["part"] != "state"]


@pytest.mark.parametrize("quoting", ["plain", "json"])
@pytest.mark.parametrize(
    ("format_", "balance"),
    [("plain", "1234.50"), ("commas", "1234.50"), ("integer", "1234"), ("json", "1234.50"), ("json_text", "1234.50")],
)
def test_each_wording_of_the_balance_is_kept(
    functions: Functions, aws: Stack, kobo: MockControl, format_: str, balance: str, quoting: str
) -> None:
    kobo.set_account(balance=1234.5)
    kobo.set_dialect(balance_format=format_, quoting=quoting, whitespace=True)
    assert functions.check_credit() == {"answer": "balance", "closed": {}, "alerts": ["low"]}
    (item,) = readings(aws)
    assert item["balance"] == Decimal(balance)
    assert item["expires"] > float(item["part"]) + 29 * 86_400


def test_the_balance_is_logged_and_counted(functions: Functions, output: pytest.CaptureFixture[str]) -> None:
    functions.check_credit()
    lines = [json.loads(line) for line in output.readouterr().out.splitlines()]
    assert [line["Balance"] for line in lines if "Balance" in line] == [[100_000.0]]
    assert [line["balance"] for line in lines if "balance" in line] == ["100000.00"]


@pytest.mark.parametrize(
    ("failure", "answer"),
    [
        ("error_user", "error_user"),
        ("error_gw", "error_gw"),
        ("html_503", "lost: HTTP 503, no balance"),
        ("empty", "lost: HTTP 200, no balance"),
        ("reset", "lost: ProtocolError"),
    ],
)
def test_no_balance_is_none(
    functions: Functions,
    aws: Stack,
    kobo: MockControl,
    output: pytest.CaptureFixture[str],
    failure: str,
    answer: str,
) -> None:
    kobo.add_fault(endpoint="credit", **{"answer" if failure.startswith("error") else "kind": failure})
    assert functions.check_credit()["answer"] == answer
    assert readings(aws) == []
    assert '"BalanceUnread":[1.0]' in output.readouterr().out


def test_a_balance_that_cannot_be_read_fails_the_invocation(
    functions: Functions, aws: Stack, kobo: MockControl
) -> None:
    kobo.add_fault(endpoint="credit", answer="plenty")
    with pytest.raises(UnreadableBalance):
        functions.check_credit()
    assert readings(aws) == []


def test_an_unusable_secret_fails_the_invocation_without_being_quoted(functions: Functions, aws: Stack) -> None:
    aws.set_secret("correct-horse-7")
    with pytest.raises(ConfigurationError, match="the secret must be JSON") as caught:
        functions.check_credit()
    assert "horse" not in repr(caught.value) + str(caught.value.__cause__)


def test_an_alert_whose_publication_got_no_answer_is_left_to_the_next_check(
    functions: Functions, kobo: MockControl
) -> None:
    kobo.set_account(balance=1)
    tries: list[str] = []

    def lose(**_: Any) -> None:
        tries.append("publish")
        raise ReadTimeoutError(endpoint_url="sns")

    assert boto3.DEFAULT_SESSION is not None
    events = boto3.DEFAULT_SESSION.events
    events.register_first("before-send.sns.Publish", lose)
    try:
        with pytest.raises(ReadTimeoutError):
            functions.check_credit()
    finally:
        events.unregister("before-send.sns.Publish", lose)
    assert tries == ["publish"]
