"""The files that are uploaded, and that each handler can be imported from them alone, as Lambda imports it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from local_aws import plan
from local_aws.lambda_runtime.installed import LambdaRuntime
from local_aws.template.source import load, of_functions
from tests.deployment_package import (
    FUNCTIONS,
    HANDLERS,
    misplaced,
    modules_after_import,
    oversized,
    pinned,
    without_byte_code,
)

TEMPLATE = load(plan.SOURCE)
HANDLER_OF = {name: handler.partition(".")[0] for name, handler in of_functions(TEMPLATE, "Handler").items()}


def test_each_function_of_the_template_was_built(artefact: dict[str, Path]) -> None:
    assert artefact.keys() == HANDLER_OF.keys()
    assert sorted(HANDLER_OF.values()) == sorted(HANDLERS)
    assert of_functions(load(plan.BUILT), "Handler") == of_functions(TEMPLATE, "Handler")


@pytest.mark.parametrize("function", HANDLER_OF)
def test_what_was_built_is_small_and_pure_python(function: str, artefact: dict[str, Path]) -> None:
    assert misplaced(artefact[function]) + oversized(artefact[function]) == []


@pytest.mark.parametrize("function", HANDLER_OF)
def test_the_code_is_that_of_the_tree(function: str, artefact: dict[str, Path]) -> None:
    tree = {path.relative_to(FUNCTIONS): path.read_bytes() for path in FUNCTIONS.rglob("*.py")}
    ours = {path.parts[0] for path in tree}
    built = {path.relative_to(artefact[function]): path for path in artefact[function].rglob("*.py")}
    assert {path: file.read_bytes() for path, file in built.items() if path.parts[0] in ours} == tree


@pytest.mark.parametrize("function", HANDLER_OF)
def test_the_packages_are_those_that_the_other_tests_run_with(function: str, artefact: dict[str, Path]) -> None:
    names = [path.name.removesuffix(".dist-info") for path in artefact[function].glob("*.dist-info")]
    found = dict(name.split("-") for name in names)
    assert {re.sub(r"[-_.]+", "-", name): version for name, version in found.items()} == pinned()


def test_the_runtime_is_the_templates(runtime: LambdaRuntime) -> None:
    code = "import sys; print(f'python{sys.version_info.major}.{sys.version_info.minor}')"
    told = subprocess.run([runtime.python, "-c", code], capture_output=True, text=True, check=True)
    assert {told.stdout.strip()} == set(of_functions(TEMPLATE, "Runtime").values())


@pytest.mark.parametrize("function", HANDLER_OF)
def test_a_handler_is_imported_from_what_was_built_and_from_lambdas_own(
    function: str, artefact: dict[str, Path], runtime: LambdaRuntime
) -> None:
    folder = artefact[function]
    files = modules_after_import(HANDLER_OF[function], [str(runtime.python), "-I", "-B"], [folder])
    outside = {name.partition(".")[0] for name, file in files.items() if "site-packages" in file}
    assert outside <= {"boto3", "botocore", "s3transfer", "dateutil", "six", "awslambdaric", "simplejson"}
    ours = {"kobo_sms", HANDLER_OF[function], "aws_lambda_powertools", "urllib3", "jmespath"}
    assert {name for name in ours if not files[name].startswith(str(folder))} == set()
    assert files["botocore"].startswith(str(runtime.python.parents[1]))
    assert without_byte_code(files.values(), folder, "cpython-313") == []
