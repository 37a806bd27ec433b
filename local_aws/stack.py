"""The whole local stack: embedded AWS, mock KoboMobile, functions, schedules."""

import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from local_aws import environment
from local_aws.plan import Plan, made
from local_aws.processes import lock
from local_aws.processes.child import Child, started
from local_aws.processes.programs import engine, mock

if TYPE_CHECKING:
    from local_aws.clients import Clients

Progress = Callable[[str], None]
# Once the processes are gone, no thread waits for an answer any more.
_END_SECONDS = 5.0


@dataclass(frozen=True)
class LocalStack:
    """A running local stack.

    `environment` has the variables of local.env; `mock_url` is the mock's address, the inbox, None when another server
    is used; `clients` has the boto3 clients; `directory` the logs.
    """

    environment: dict[str, str]
    mock_url: str | None
    clients: "Clients"
    directory: Path
    children: tuple[Child, ...] = field(repr=False)

    def check(self) -> None:
        """Raise LocalStackError when a part of the stack has stopped by itself."""
        for child in self.children:
            child.check()


@contextmanager
def running_stack(
    *,
    aws_port: int = 0,
    mock_port: int = 0,
    kobo_url: str | None = None,
    every: float = 2.0,
    feed: bool = True,
    parameters: Mapping[str, str] | None = None,
    built: bool = False,
    code: Path | None = None,
    directory: Path = Path(".kobo"),
    progress: Progress = lambda _: None,
) -> Iterator[LocalStack]:
    """Run the stack of template.yaml until the context is left; `local.env` is in the directory as long as it runs.

    Parameters
    ----------
    aws_port, mock_port
        Ports on 127.0.0.1; 0 takes a free one.
    kobo_url
        A KoboMobile API to use in place of the mock, with the account in KOBO_USER and KOBO_PASS.
    every
        Seconds between two runs of each scheduled function.
    feed
        Hand the changes of the table to the function that its stream feeds; else nobody reads the stream.
    parameters
        Values of template parameters, by name.
    built
        Deploy what `sam build` made.
    code
        Deploy this folder as the code of all functions, in place of what the template names.
    progress
        Gets a line for each step.

    Raises
    ------
    LocalStackError
        When the stack can't be started as asked, with what to do about it. Nothing stays behind.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with ExitStack() as exits:
        exits.enter_context(lock.held(directory))
        settled = made(
            aws_port=aws_port, mock_port=mock_port, kobo_url=kobo_url, given=parameters or {}, built=built, code=code
        )
        plan = exits.enter_context(settled)
        _clean(directory)
        exits.callback(_clean, directory)
        yield _start(exits, plan, every, feed, directory, progress)


def _clean(directory: Path) -> None:
    environment.remove(directory)
    shutil.rmtree(directory / "work", ignore_errors=True)


def _join(threads: Iterable[threading.Thread]) -> None:
    """Wait for threads, so that none outlives its stack and meets another one on the same port."""
    for thread in threads:
        thread.join(_END_SECONDS)


def _start(exits: ExitStack, plan: Plan, every: float, feed: bool, directory: Path, progress: Progress) -> LocalStack:
    progress("starting the embedded AWS" + (" and the mock KoboMobile" if plan.mock_port else ""))
    (directory / "work").mkdir()
    programs = [engine(plan.aws_port, directory.resolve())]
    if plan.mock_port:
        programs.append(mock(plan.mock_port, directory.resolve()))
    threads: list[threading.Thread] = []
    # Entered before the children, and so left after them.
    exits.callback(_join, threads)
    children = tuple(exits.enter_context(started(program)) for program in programs)
    # boto3 and samtranslator take over a second to import: just what the children need to start.
    from local_aws.clients import Clients
    from local_aws.installation import install
    from local_aws.streams import streaming, take_over_streams
    from local_aws.ticker import take_over_schedules, ticking

    for child in children:
        child.wait_until_ready()
    clients = Clients(plan.endpoint)
    installation = install(clients, plan, progress)
    variables = environment.of_stack(plan.endpoint, installation.outputs)
    streamed = take_over_streams(clients, installation.resources)
    scheduled = take_over_schedules(clients, installation.resources)
    threads += exits.enter_context(streaming(clients, streamed if feed else (), progress))
    threads += exits.enter_context(ticking(clients, scheduled, every, progress))
    environment.write(directory, variables)
    exits.callback(environment.remove, directory)
    return LocalStack(variables, plan.mock_url, clients, directory, children)
