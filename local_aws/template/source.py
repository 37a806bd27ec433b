"""The SAM template: read, and what it says about code."""

from pathlib import Path
from typing import Any

import yaml
from samtranslator.yaml_helper import intrinsics_multi_constructor

from local_aws.errors import LocalStackError

Template = dict[str, Any]

FUNCTION = "AWS::Serverless::Function"


# libyaml's parser, where it is built in: the one in Python takes ten times as long.
_Loader: Any = type("_Loader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {})
_Loader.add_multi_constructor("!", intrinsics_multi_constructor)


def load(path: Path) -> Template:
    """Read a template, its short forms (`!Ref`) as long ones. Raises LocalStackError when it can't be read."""
    try:
        template: Template = yaml.load(path.read_text(), Loader=_Loader)  # noqa: S506 - a kind of SafeLoader
    except (OSError, ValueError) as error:
        raise LocalStackError(f"can't read {path}: {error}") from error
    return template


def code_folders(template: Template, base: Path) -> dict[str, Path]:
    """Return the code folder of each SAM function, by logical name. Relative folders are relative to `base`."""
    return {name: base / folder for name, folder in of_functions(template, "CodeUri").items()}


def of_functions(template: Template, name: str) -> dict[str, Any]:
    """Return what each SAM function has for a property, itself or from Globals, by logical name; None for neither."""
    everywhere = template.get("Globals", {}).get("Function", {}).get(name)
    return {
        function: resource["Properties"].get(name, everywhere)
        for function, resource in template["Resources"].items()
        if resource["Type"] == FUNCTION
    }
