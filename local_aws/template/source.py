"""The SAM template: read, and what it says about code."""

from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from local_aws.errors import LocalStackError

Template = dict[str, Any]

_FUNCTION = "AWS::Serverless::Function"


def load(path: Path) -> Template:
    """Read a template, its short forms (`!Ref`) as long ones. Raises LocalStackError when it can't be read."""
    try:
        template: Template = yaml_parse(path.read_text())
    except (OSError, ValueError) as error:
        raise LocalStackError(f"can't read {path}: {error}") from error
    return template


def code_folders(template: Template, base: Path) -> dict[str, Path]:
    """Return the code folder of each SAM function, by logical name. Relative folders are relative to `base`."""
    everywhere = template.get("Globals", {}).get("Function", {}).get("CodeUri")
    return {
        name: base / resource["Properties"].get("CodeUri", everywhere)
        for name, resource in template["Resources"].items()
        if resource["Type"] == _FUNCTION
    }
