"""`--processes N`: groups of tests run in N forks of the process that collected them.

Collecting imports every test and takes longer than most folders take to run; pytest-xdist's workers each do it anew.
A group's tests run one after the other, in one process; groups are handed out in the order of their first tests.
"""

from __future__ import annotations

import gc
import os
import random
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any, NoReturn

import pytest

# The tests of a group that are still to come, as places in what was collected.
Group = list[int]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--processes", type=int, default=0, help="run groups of tests in so many forked processes")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "group(name): with --processes, runs in one process with the others of its name")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run the groups side by side; without the option, pytest runs the tests as ever."""
    option = session.config.option
    if option.processes < 1 or option.collectonly or session.testsfailed:
        return None
    # Else the processes' directories of that name would be in one another's way.
    session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    # What is there now stays: no collector need look at it again, nor copy its pages.
    gc.collect()
    gc.freeze()
    _run(session, _groups(session.items), option.processes)
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    return True


def _groups(items: list[pytest.Item]) -> list[Group]:
    found: dict[str, Group] = {}
    for at, item in enumerate(items):
        marker = item.get_closest_marker("group")
        found.setdefault(marker.args[0] if marker else item.nodeid, []).append(at)
    return list(found.values())


@dataclass
class _Worker:
    """A forked process as the parent sees it, and what it has not reported of its group yet."""

    pid: int
    connection: Connection
    left: Group = field(default_factory=list)

    def give(self, group: Group) -> None:
        self.left = list(group)
        self.connection.send(group)


def _run(session: pytest.Session, groups: list[Group], processes: int) -> None:
    waiting = iter(groups)
    workers: dict[Any, _Worker] = {}

    def start(group: Group) -> None:
        worker = _fork(session, list(workers))
        workers[worker.connection] = worker
        worker.give(group)

    for _ in range(min(processes, len(groups))):
        start(next(waiting))
    while workers:
        for connection in wait(list(workers)):
            worker = workers[connection]
            try:
                told = worker.connection.recv()
            except (EOFError, OSError):
                del workers[connection]
                if not _ended_well(session, worker):
                    # The test that it died in is told of; those after it are still to run.
                    start(worker.left[1:] or _next(session, waiting))
                continue
            if told is None:
                worker.give(_next(session, waiting))
            else:
                _report(session, worker, *told)


def _next(session: pytest.Session, waiting: Iterator[Group]) -> Group:
    return [] if session.shouldfail or session.shouldstop else next(waiting, [])


def _report(session: pytest.Session, worker: _Worker, kind: str, what: Any) -> None:
    """Tell pytest's own plugins what a process told of a test."""
    hook = session.config.hook
    if kind == "report":
        report = hook.pytest_report_from_serializable(config=session.config, data=what)
        hook.pytest_runtest_logreport(report=report)
    elif kind == "start":
        hook.pytest_runtest_logstart(nodeid=what[0], location=what[1])
    else:
        worker.left.pop(0)
        hook.pytest_runtest_logfinish(nodeid=what[0], location=what[1])


def _ended_well(session: pytest.Session, worker: _Worker) -> bool:
    """Take leave of a process; if it died, tell so in the name of the test that it was at."""
    _, status = os.waitpid(worker.pid, 0)
    if status:
        nodeid = session.items[worker.left[0]].nodeid if worker.left else "between two groups"
        text = f"the process ended with {os.waitstatus_to_exitcode(status)}"
        report = pytest.TestReport(nodeid, (nodeid, None, nodeid), {}, "failed", text, "call")
        session.config.hook.pytest_runtest_logreport(report=report)
    return not status


def _fork(session: pytest.Session, others: list[Connection]) -> _Worker:
    ours, theirs = Pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        for connection in (ours, *others):
            connection.close()
        _work(session, theirs)
    theirs.close()
    return _Worker(pid, ours)


def _work(session: pytest.Session, parent: Connection) -> NoReturn:
    """Run the groups that the parent sends, until it sends an empty one."""
    status = 1
    try:
        _settle(session.config, parent)
        try:
            while group := parent.recv():
                _run_group(session, [session.items[at] for at in group])
                parent.send(None)
        finally:
            session._setupstate.teardown_exact(None)
        status = 0
    except BaseException:  # noqa: BLE001 - whatever it is, a fork never returns into its parent's code
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _run_group(session: pytest.Session, items: list[pytest.Item]) -> None:
    # After the last one all is torn down but what is for the whole session.
    after = _Nothing.from_parent(session, name="nothing")
    for item, following in pairwise([*items, after]):
        if session.shouldfail or session.shouldstop:
            return
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


class _Nothing(pytest.Item):
    """What follows the last test of a group."""

    def runtest(self) -> None:
        """Do nothing."""


def _settle(config: pytest.Config, parent: Connection) -> None:
    """Make the process a worker: what it prints is its own, and its reports go to the parent."""
    random.seed()
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    if capture.is_globally_capturing():
        capture.stop_global_capturing()
        capture.start_global_capturing()
    terminal: Any = config.pluginmanager.getplugin("terminalreporter")
    terminal._tw._file = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    config.pluginmanager.register(_Teller(config, parent))


class _Teller:
    """Sends what happens in a worker to its parent."""

    def __init__(self, config: pytest.Config, parent: Connection) -> None:
        self._config, self._parent = config, parent

    def pytest_runtest_logstart(self, nodeid: str, location: Any) -> None:
        self._parent.send(("start", (nodeid, location)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        self._parent.send(("report", data))

    def pytest_runtest_logfinish(self, nodeid: str, location: Any) -> None:
        self._parent.send(("finish", (nodeid, location)))
