"""Whatever answers in KoboMobile's name: nothing of it is believed that was not asked for, nor kept, logged or told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.conftest import PASSWORD, USER
from tests.integration.sending.conftest import REQUEST

if TYPE_CHECKING:
    from mock_kobo.control_client import MockControl
    from tests.integration.conftest import Stack
    from tests.integration.sending.conftest import Desk

ECHO = f"{PASSWORD} {USER} {REQUEST['msg']}"


@pytest.mark.parametrize(
    "said",
    [
        f"<html><script>{ECHO}</script></html>",
        ECHO,
        f"error_param {ECHO}",
        f"error_{'x' * 900}",
        f"2348030100001,{ECHO}",
        "2348030100001,\x1b[2J",
    ],
    ids=["HTML", "echo", "token and echo", "endless token", "id and echo", "escape sequence"],
)
def test_what_is_no_answer_leaves_no_trace_but_that_it_was_none(
    desk: Desk, aws: Stack, kobo: MockControl, said: str
) -> None:
    kobo.fail_next("send", said)
    verdict = desk.send(sensitive=True)
    assert (verdict.outcome, verdict.symptom) == ("sending", "gateway")
    kept = f"{verdict!r} {aws.items()!r}"
    assert not any(secret in kept for secret in (PASSWORD, "4711", "\\x1b", "xxx", "html"))
    assert len(kept) < 5000
    assert desk.again(after=5).outcome == "sent"


def test_ids_of_numbers_that_nobody_asked_for_are_counted_and_left_out(
    desk: Desk, aws: Stack, kobo: MockControl
) -> None:
    kobo.fail_next("send", "2348030199999,a~2348030188888,b")
    verdict = desk.send()
    assert (verdict.outcome, verdict.surplus) == ("sent", 2)
    recipients = desk.item()["recipients"]
    assert list(recipients) == ["2348030100001"]
    assert recipients["2348030100001"]["state"] == "unknown"
    assert "80301999" not in repr(aws.items())
