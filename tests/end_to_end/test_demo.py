"""The demo, whole: every kind of answer, and every recipient's state against the mock's own list."""

from collections import Counter
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from kobo_cli.commands.demo import PARAMETERS, run
from kobo_cli.connection import local_connection
from kobo_cli.demo.examples import MAGIC, examples
from kobo_cli.reports.request import build
from local_aws.deployment import STACK_NAME
from local_aws.stack import LocalStack, running_stack
from mock_kobo.control_client import MockControl
from tests.alarms.alarm import OK, alarms
from tests.alarms.emf import read_datapoints

DELIVERED = {"DELIVRD": "delivered", "UNDELIV_DND": "do_not_disturb", "EXPIRED": "expired", "PROCESSED": "sent"}


@pytest.fixture
def fresh_stack(tmp_path: Path) -> Iterator[LocalStack]:
    """A stack on which nothing was sent before: the demo accounts for every SMS and every kobo."""
    with running_stack(every=0.5, parameters=PARAMETERS, directory=tmp_path / ".kobo") as stack:
        yield stack


def test_the_demo_finds_nothing_off_and_neither_does_the_mocks_list(fresh_stack: LocalStack) -> None:
    stack, printed = fresh_stack, StringIO()
    with MockControl(str(stack.mock_url)) as mock:
        assert run(stack, Console(file=printed, width=100)) == []
        messages = mock.messages
    connection = local_connection(stack.environment)
    statuses = [build(connection.items_of(example.request["id"])) for example in examples()]
    told = {
        each["msgid"]: (each["to"], each["state"]) for one in statuses for each in one["recipients"] if each["msgid"]
    }
    listed = {each["msgid"]: (each["to"], DELIVERED.get(each["status"].split()[0], "undelivered")) for each in messages}
    assert told == listed
    assert len(listed) == len(messages) == 1 + 3 + 1200 + sum(number > "2348030009100" for number, _, _ in MAGIC)
    assert max(Counter((each["to"], each["message_uuid"]) for each in messages).values()) == 1
    assert_no_alarm_of_ours_rings(stack)
    assert max(map(len, printed.getvalue().splitlines())) <= 100
    assert all(example.request["id"] in printed.getvalue() for example in examples())


def assert_no_alarm_of_ours_rings(stack: LocalStack) -> None:
    """What the demo has KoboMobile refuse is nothing to wake anybody for, with the numbers that its functions told."""
    lines = (stack.directory / "aws.log").read_text().splitlines()
    told = read_datapoints("\n".join(line[line.index("{") :] for line in lines if "{" in line))
    ours = {name: each for name, each in alarms(STACK_NAME).items() if each.namespace == "KoboSms"}
    known = {point.metric for point in told}
    # Those that are told without anything being wrong.
    always = ("BalanceUnreadAlarm", "PasswordsLateAlarm", "ReportBacklogAlarm", "ValveClosedAlarm")
    assert [name for name in always if ours[name].metric not in known] == []
    now = max(point.at for point in told) + 0.001
    assert [name for name, each in ours.items() if each.evaluate(told, now) != OK] == []
