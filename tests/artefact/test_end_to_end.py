"""What was built, under Lambda's own runtime, from queues to phones: each function, each kind of answer.

The tests of `end_to_end/` that are asked for here by name run once more, on what ships.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from kobo_cli.commands.demo import PARAMETERS, run
from local_aws.lambda_runtime.installed import LambdaRuntime
from local_aws.stack import LocalStack, running_stack
from tests.deployment_package import HANDLERS, misplaced
from tests.end_to_end import test_campaign, test_status_events
from tests.end_to_end.conftest import kobo

__all__ = ["kobo"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop")


@pytest.fixture(scope="module")
def stack(folder: Path) -> Iterator[LocalStack]:
    with running_stack(every=1.0, parameters=PARAMETERS, built=True, directory=folder / ".kobo") as started:
        yield started


# The first of all: the demo accounts for every SMS that the mock executed.
def test_the_demo_finds_nothing_off(stack: LocalStack) -> None:
    assert run(stack, Console(file=StringIO(), width=100)) == []


test_a_campaign_reaches_everybody_once = test_campaign.test_everybody_gets_it_once_and_not_before_its_time
test_events_tell_what_became_of_each = test_status_events.test_the_events_end_where_the_table_and_the_mock_do


# The last: it looks at what the others left behind.
def test_each_function_was_run_by_lambdas_runtime_and_allowed_all_that_it_asked_for(
    stack: LocalStack, artefact: dict[str, Path], runtime: LambdaRuntime
) -> None:
    log = (stack.directory / "aws.log").read_text()
    started = re.findall(r"\(rapid\) exec '(.*)' \(cwd=(.*), handler=(\w+)\.ready\.handle\)", log)
    assert {Path(python) for python, _, _ in started} == {runtime.python}
    assert {handler for _, _, handler in started} == set(HANDLERS)
    assert {Path(folder) for _, folder, _ in started} == {folder.resolve() for folder in artefact.values()}
    for trouble in ("AccessDenied", "ImportModuleError", "Task timed out", "Runtime.ExitError", "Traceback"):
        assert trouble not in log
    # Nothing was written into the code's folders, which are read-only in AWS.
    assert [line for folder in artefact.values() for line in misplaced(folder)] == []
