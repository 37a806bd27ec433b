"""Tests in forked processes end as they do in one, and the death of a process hides none (side_by_side.py)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONFTEST = """
import pytest

def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.group(item.path.name))

@pytest.fixture(scope="module")
def broken():
    yield
    raise ValueError("broken in its end")
"""
DIES = """
import os

def test_passes(): pass

def test_dies(): os._exit(3)

def test_after_it(capfd):
    print("told")
    assert capfd.readouterr().out == "told\\n"
"""
FAILS = """
import pytest

def test_fails(tmp_path):
    print("printed by it")
    assert tmp_path == 1

@pytest.mark.skip
def test_is_left_out(): pass

def test_ends_badly(broken): pass
"""


pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in {"conftest": CONFTEST, "test_dies": DIES, "test_fails": FAILS}.items():
        (tmp_path / f"{name}.py").write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    options = ["-p", "tests.side_by_side", "-p", "no:hypothesispytest", "-p", "no:cacheprovider", "-ra", *arguments]
    command = [sys.executable, "-m", "pytest", "--rootdir", str(project), *options, str(project)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("processes", [1, 2, 5])
def test_each_test_is_told_of_once(project: Path, processes: int) -> None:
    ran = run(project, f"--processes={processes}")

    assert ran.returncode == 1
    assert "2 failed, 3 passed, 1 skipped, 1 error" in ran.stdout, ran.stdout
    for told in ("the process ended with 3", "printed by it", "broken in its end"):
        assert told in ran.stdout


def test_it_stops_at_the_first_failure(project: Path) -> None:
    # Of the other tests in its group, none; -k takes the names of files, too.
    assert "1 failed, 3 deselected" in run(project, "--processes=1", "-x", "-k", "test_fails").stdout
