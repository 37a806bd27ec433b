"""What ships, laid out from .venv as sam build would: most of what `make artefact` finds in the real thing.

Not seen here: the template's own Python, Lambda's boto3 and sam itself.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.deployment_package import (
    FUNCTIONS,
    HANDLERS,
    compile_all,
    lay_out,
    link,
    misplaced,
    modules_after_import,
    needed_by,
    oversized,
    pinned,
    without_byte_code,
)

TAG = str(sys.implementation.cache_tag)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package") / "task"
    lay_out(folder)
    compile_all(folder, sys.executable)
    return folder


@pytest.fixture(scope="module")
def lambdas_own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Lambda has of itself: boto3 and what it needs, without what ships with us."""
    folder = tmp_path_factory.mktemp("lambda") / "runtime"
    link(folder, needed_by(["boto3"]).keys() - pinned().keys())
    return folder


def test_all_that_ships_is_pinned_and_is_what_the_other_tests_run_with() -> None:
    assert {name: found.version for name, found in needed_by(pinned()).items()} == pinned()


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_handler_needs_nothing_but_what_ships_and_boto3(handler: str, package: Path, lambdas_own: Path) -> None:
    files = modules_after_import(handler, [sys.executable, "-I", "-S", "-B"], [package, lambdas_own])
    assert files["urllib3"].startswith(str(package))
    assert without_byte_code(files.values(), package, TAG) == []


def test_what_ships_is_small_and_pure_python(package: Path) -> None:
    assert misplaced(package, TAG) + oversized(package) == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("kobo_sms/_speedups.cpython-313-x86_64-linux-gnu.so", "is native code"),
        ("urllib3/fast.so.1", "is native code"),
        (f"kobo_sms/__pycache__/gone.{TAG}.pyc", "is byte code of something else"),
        ("kobo_sms/__pycache__/errors.cpython-310.pyc", "is byte code of something else"),
        ("boto3/__init__.py", "boto3 does not belong there"),
        ("tests/test_x.py", "tests does not belong there"),
        ("conftest.py", "conftest does not belong there"),
    ],
)
def test_what_must_not_ship_is_found(name: str, told: str, package: Path) -> None:
    path = package / name
    made = [parent for parent in path.parents if not parent.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    try:
        (problem,) = misplaced(package, TAG)
        assert told in problem
    finally:
        path.unlink()
        for parent in made:
            parent.rmdir()


def test_too_much_and_too_little_are_found(tmp_path: Path) -> None:
    (tmp_path / "send_sms.py").write_bytes(bytes(range(256)) * 48_000)
    assert oversized(tmp_path) == ["unpacked: 12.3 MB, at most 10.0"]
    found = misplaced(tmp_path)
    assert "kobo_sms is missing" in found
    assert "send_sms is missing" not in found


def test_functions_hold_code_and_nothing_else() -> None:
    files = {path for path in FUNCTIONS.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert {path for path in files if path.suffix != ".py"} == {FUNCTIONS / "requirements.txt"}
    # They come before the standard library on Lambda's path.
    assert not {path.stem for path in FUNCTIONS.iterdir()} & set(sys.stdlib_module_names)
