"""One stack for all fault tests, deployed from template.yaml, and a queue that nobody else consumes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kobo_sms.sending.part_items import PartItems
from kobo_sms.sending.store import Store
from local_aws.stack import LocalStack, running_stack
from mock_kobo.control_client import MockControl
from tests.robustness.crash_points.batches import is_malformed
from tests.robustness.crash_points.feeding import Feeding
from tests.robustness.crash_points.invocations import Runner, running
from tests.robustness.crash_points.lane import Lane
from tests.robustness.crash_points.lives import PASSWORD, World
from tests.robustness.crash_points.polled import Polled
from tests.robustness.telling.little_aws import running_aws
from tests.robustness.telling.outside import Outside
from tests.robustness.telling.table import Table

if TYPE_CHECKING:
    from mypy_boto3_sqs.literals import QueueAttributeNameType

_KEPT: tuple[QueueAttributeNameType, ...] = ("VisibilityTimeout", "MessageRetentionPeriod", "RedrivePolicy")


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    directory = tmp_path_factory.mktemp("faults")
    # The scheduled functions run once, when the stack starts, and never again; nobody waits for status events.
    started = running_stack(every=86_400, feed=False, parameters={"MaxAttempts": "3"}, directory=directory / ".kobo")
    with started as stack:
        yield stack


@pytest.fixture(scope="package")
def lane(stack: LocalStack) -> Lane:
    """A queue like the priority queue."""
    sqs, deployed = stack.clients.sqs, stack.environment["KOBO_PRIORITY_QUEUE_URL"]
    attributes = sqs.get_queue_attributes(QueueUrl=deployed, AttributeNames=["All"])["Attributes"]
    created = sqs.create_queue(QueueName="faults", Attributes={name: attributes[name] for name in _KEPT})
    return Lane(sqs, created["QueueUrl"], stack.environment["KOBO_DEAD_LETTER_QUEUE_URL"])


@pytest.fixture(scope="package")
def session_world(stack: LocalStack, lane: Lane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    assert stack.mock_url is not None
    environment = (
        _of(stack, "PollReports")
        | _of(stack, "SendSms")
        | {name: value for name, value in stack.environment.items() if name.startswith("AWS_")}
    )
    # By another name its prompts reach nobody: the stack's check_credit knows nothing of this queue.
    environment |= {"KOBO_PRIORITY_QUEUE_URL": lane.url, "CALLS_AT_ONCE": "1", "STACK_NAME": "faults"}
    log = Path(tmp_path_factory.mktemp("runner")) / "functions.log"
    clients, table, secret = stack.clients, stack.environment["KOBO_TABLE"], stack.environment["KOBO_SECRET_ARN"]
    with MockControl(stack.mock_url) as mock, running(environment, log) as runner:
        world = World(lane, clients.dynamodb, table, clients.secretsmanager, secret, mock, runner)
        world.log_in(PASSWORD)
        yield world


@pytest.fixture
def world(session_world: World, request: pytest.FixtureRequest) -> Iterator[World]:
    """The world, empty again after a test that failed."""
    failed_before = request.session.testsfailed
    yield session_world
    if request.session.testsfailed > failed_before:
        session_world.lane.clear()


@pytest.fixture(scope="package")
def ticked(stack: LocalStack) -> None:
    """Wait until the deployed poll_reports has had its one run: else it does what the test's own is to do."""
    log, end = stack.directory / "aws.log", time.monotonic() + 30
    while "reports polled" not in log.read_text(errors="replace"):
        assert time.monotonic() < end, "the deployed poll_reports did not run"
        time.sleep(0.05)


@pytest.fixture
def polled(session_world: World, stack: LocalStack, ticked: None) -> Polled:
    """The same world seen by poll_reports, with nothing due."""
    polled = Polled(session_world, Store(stack.clients.dynamodb, session_world.table, PartItems(keep_seconds=86_400.0)))
    polled.begin()
    return polled


@pytest.fixture(scope="package")
def publishing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Outside, Runner]]:
    """Processes of publish_status, and what they reach."""
    outside, log = Outside(), tmp_path_factory.mktemp("publishing") / "functions.log"
    with running_aws(outside) as environment, running(environment, log, "publishing_runner") as runner:
        yield outside, runner


@pytest.fixture
def feed(publishing: tuple[Outside, Runner]) -> Callable[[Table], Feeding]:
    """Feed publish_status from the stream of a table; nothing is left of what was told before."""
    outside, runner = publishing

    def feed(table: Table) -> Feeding:
        outside.log.clear()
        outside.refuse = is_malformed
        return Feeding(table, outside, runner)

    return feed


def _of(stack: LocalStack, function: str) -> dict[str, str]:
    functions = stack.clients.functions.list_functions()["Functions"]
    (variables,) = [each["Environment"]["Variables"] for each in functions if f"-{function}-" in each["FunctionName"]]
    return variables
