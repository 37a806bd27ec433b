"""The doubles of `make bench`, each in a process of its own."""

from collections.abc import Iterator

import pytest

from benchmarks.peers.double_process import DoubleProcess, running_double
from tests.robustness.simulation.test_store_contract import moto  # noqa: F401 - a fixture


@pytest.fixture(scope="session")
def aws_process() -> Iterator[DoubleProcess]:
    with running_double("benchmarks.peers.aws_double") as double:
        yield double


@pytest.fixture(scope="session")
def kobo_process() -> Iterator[DoubleProcess]:
    with running_double("benchmarks.peers.kobo_stub") as double:
        yield double


@pytest.fixture
def aws_double(aws_process: DoubleProcess) -> DoubleProcess:
    aws_process.ask("/_double/begin")
    return aws_process


@pytest.fixture
def kobo_stub(kobo_process: DoubleProcess) -> DoubleProcess:
    kobo_process.ask("/_stub/begin", {"latency": 0.0, "losing": 0.0})
    return kobo_process
