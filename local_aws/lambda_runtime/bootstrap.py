"""Functions made ready to be deployed as custom runtimes: a `bootstrap` for each, and the template that asks for it."""

import io
import shlex
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from local_aws.lambda_runtime.installed import LambdaRuntime
from local_aws.template.source import FUNCTION, Template, of_functions

# The engine runs the bootstrap of such a function, and hands it events by the Runtime API.
_CUSTOM_RUNTIME = "provided.al2023"
# Lambda's own, in seconds.
_DEFAULT_TIMEOUT = 3


def use_custom_runtime(template: Template) -> None:
    """Change the functions of a template: each brings its own runtime, the handler stays."""
    for resource in template["Resources"].values():
        if resource["Type"] == FUNCTION:
            resource["Properties"]["Runtime"] = _CUSTOM_RUNTIME


def bootstraps(
    template: Template, folders: Mapping[str, Path], runtime: LambdaRuntime, endpoint: str
) -> dict[str, bytes]:
    """Return what to deploy for each function: a zip with a bootstrap that runs the code in its folder.

    `endpoint` is where the functions find AWS.
    """
    timeouts = of_functions(template, "Timeout")
    return {
        name: _archive(_script(runtime, [str(folder.resolve()), str(timeouts[name] or _DEFAULT_TIMEOUT), endpoint]))
        for name, folder in folders.items()
    }


def _script(runtime: LambdaRuntime, arguments: list[str]) -> str:
    module = (sys.executable, "-m", "local_aws.lambda_runtime.environment")
    return f"#!/bin/sh\nexec {shlex.join([*module, *arguments, str(runtime.python), str(runtime.emulator)])}\n"


def _archive(script: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("bootstrap", script)
    return buffer.getvalue()
