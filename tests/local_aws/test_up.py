"""`kobo up` as a process: what it prints and writes, and that nothing stays behind however it ends."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local_aws import environment
from tests.local_aws.consumers import Notes, until

KOBO = Path(sys.executable).with_name("kobo")

STUCK_STACK = """
import sys, time
from pathlib import Path
from local_aws.stack import running_stack
with running_stack(code=Path(sys.argv[1]), directory=Path(".kobo")):
    time.sleep(60)
"""
STUCK_HANDLER = """
import json, os, time
def handle(event, context):
    with open({notes!r}, "a") as file:
        file.write(json.dumps([os.getpid(), os.getppid()]) + "\\n")
    time.sleep(60)
"""

Start = Callable[..., subprocess.Popen[str]]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def children(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a process in a folder of its own; it is killed after the test if it still runs."""
    started: list[subprocess.Popen[str]] = []

    def run(*command: str) -> subprocess.Popen[str]:
        with (tmp_path / "output.txt").open("w") as output:
            process = subprocess.Popen(command, cwd=tmp_path, stdout=output, stderr=output, text=True)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def kobo_up(start: Start, tmp_path: Path) -> subprocess.Popen[str]:
    process = start(str(KOBO), "up", "--port", "0", "--aws-port", "0", "--every", "0.5")
    until(lambda: process.poll() is not None or environment.read(tmp_path / ".kobo"))
    assert process.poll() is None, (tmp_path / "output.txt").read_text()
    return process


def run_kobo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([KOBO, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=30)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_up_tells_where_everything_is_and_ends_without_a_trace(
    kobo_up: subprocess.Popen[str], tmp_path: Path, number: signal.Signals
) -> None:
    variables = environment.read(tmp_path / ".kobo")
    assert variables
    output = until(lambda: text if "Ctrl-C" in (text := (tmp_path / "output.txt").read_text()) else None)
    assert variables["AWS_ENDPOINT_URL"] in output
    assert f"inbox         {variables['KOBO_BASE_URL'].removesuffix('api')}" in output
    again = run_kobo(tmp_path, "up")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == f"kobo: a local stack runs already in .kobo (process {kobo_up.pid}); stop it first\n"
    family = children(kobo_up.pid)
    assert len(family) == 2
    kobo_up.send_signal(number)
    assert kobo_up.wait(10) == 0
    assert not [pid for pid in family if alive(pid)]
    assert not (tmp_path / ".kobo" / "local.env").exists()
    assert "Traceback" not in (tmp_path / "output.txt").read_text()


def test_killed_up_leaves_no_process_and_a_file_that_counts_as_none(start: Start, tmp_path: Path) -> None:
    notes, code = Notes(tmp_path / "pids"), tmp_path / "code"
    for name in ("send_sms", "check_credit", "poll_reports"):
        (code / name).mkdir(parents=True)
        (code / name / "__init__.py").touch()
        (code / name / "handler.py").write_text(STUCK_HANDLER.format(notes=str(notes.path)))
    process = start(sys.executable, "-c", STUCK_STACK, str(code))
    # Both scheduled functions are busy and would be for a minute.
    (first, engine), (second, _) = notes.at_least(2)
    family = {engine, first, second, *children(process.pid)}
    assert all(alive(pid) for pid in family)
    assert len(family) == 4
    until(lambda: environment.read(tmp_path / ".kobo"))
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    until(lambda: not [pid for pid in family if alive(pid)], seconds=5)
    assert (tmp_path / ".kobo" / "local.env").exists()
    assert environment.read(tmp_path / ".kobo") is None


def test_up_that_loses_the_embedded_aws_says_so(kobo_up: subprocess.Popen[str], tmp_path: Path) -> None:
    engine, _ = children(kobo_up.pid)
    os.kill(engine, signal.SIGKILL)
    assert kobo_up.wait(10) == 1
    assert "kobo: the embedded AWS (MiniStack) stopped" in (tmp_path / "output.txt").read_text()
    assert environment.read(tmp_path / ".kobo") is None


@pytest.mark.parametrize("option", ["--port", "--aws-port"])
def test_a_port_in_use_is_told(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        arguments = {"--port": "0", "--aws-port": "0"} | {option: str(port)}
        ended = run_kobo(tmp_path, "up", *(word for pair in arguments.items() for word in pair))
    assert ended.returncode == 1
    assert ended.stderr == f"kobo: port {port} is in use; choose another one with {option}\n"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--parameter", "Nonsense=1"), 1, "there is no parameter Nonsense"),
        (("--parameter", "SendConcurrency=3"), 1, "'3' is not one of"),
        (("--parameter", "KoboBaseUrl=http://x"), 1, "KoboBaseUrl is set by --kobo-url"),
        (("--kobo-url", "localhost:8025"), 1, "give an address like"),
        (("--parameter", "SendConcurrency"), 2, "give Name=Value"),
        (("--every", "0"), 2, "--every"),
        (("--port", "high"), 2, "--port"),
        (("--sideways",), 2, "No such option"),
    ],
)
def test_bad_arguments_are_told_before_anything_starts(
    tmp_path: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    ended = run_kobo(tmp_path, "up", *arguments)
    assert (ended.returncode, ended.stdout) == (code, "")
    assert "kobo: " in ended.stderr
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / ".kobo" / "aws.log").exists()
