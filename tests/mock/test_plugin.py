"""The pytest plugin."""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from mock_kobo.control_client import MockControl

ROOT = Path(__file__).parents[2]

Send = Callable[..., str]


def test_the_plugin_is_light_to_load() -> None:
    code = "import sys, mock_kobo.pytest_plugin; sys.exit(any(m in sys.modules for m in ('flask', 'mock_kobo.app')))"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


@pytest.mark.parametrize("again", [1, 2])
def test_each_test_gets_a_mock_as_new(mock_kobo: MockControl, send: Send, again: int) -> None:
    assert mock_kobo.messages == []
    assert mock_kobo.account["balance"] == 100_000
    send(message_uuid="the same in both")
    mock_kobo.add_fault(answer=f"error_{'x' * again}")
    assert len(mock_kobo.messages) == 1


PROJECT_TEST = """
import urllib.request

def test_fails_next(mock_kobo):
    mock_kobo.fail_next("send", "error_gw")
    with urllib.request.urlopen(f"{mock_kobo.base_url}/send/", b"x=1", timeout=10) as response:
        assert response.read() == b"error_gw"
    assert mock_kobo.messages == []
    assert [call["fault"] for call in mock_kobo.calls] == ["error_gw"]
"""


def test_a_project_of_its_own_uses_the_fixture(tmp_path: Path) -> None:
    (tmp_path / "test_project.py").write_text(PROJECT_TEST)
    plugin = [] if _is_installed() else ["-p", "mock_kobo.pytest_plugin"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def _is_installed() -> bool:
    return any(point.value == "mock_kobo.pytest_plugin" for point in entry_points(group="pytest11"))
