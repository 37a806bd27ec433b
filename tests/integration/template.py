"""template.yaml, as far as it says what a function finds in its environment."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
# What a secret holds that the template takes in.
FINGERPRINT_KEY = "a fingerprint key"
NAMESPACE = "123456789012/eu-west-1/kobo"


class Template:
    """template.yaml with its intrinsic functions resolved as far as the functions' environment needs it."""

    def __init__(self, parameters: dict[str, str], resources: dict[str, str]) -> None:
        self._content = _template()
        defaults = {name: str(each.get("Default", "")) for name, each in self._content["Parameters"].items()}
        account, region, name = NAMESPACE.split("/")
        stack = {"AWS::StackName": name, "AWS::StackId": "stack-id", "AWS::Region": region, "AWS::AccountId": account}
        self._known = defaults | parameters | resources | stack

    def properties(self, resource: str) -> dict[str, Any]:
        found: dict[str, Any] = self._content["Resources"][resource]["Properties"]
        return found

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """Return the properties of all resources of a type."""
        return [each["Properties"] for each in self._content["Resources"].values() if each["Type"] == kind]

    def environment(self, function: str) -> dict[str, str]:
        shared = self._content["Globals"]["Function"]["Environment"]["Variables"]
        own = self.properties(function).get("Environment", {}).get("Variables", {})
        return {name: self._resolve(value) for name, value in (shared | own).items()}

    def _resolve(self, value: Any) -> str:
        if isinstance(value, dict) and "Ref" in value:
            return self._known[value["Ref"]]
        if isinstance(value, dict) and "FindInMap" in value:
            name, *keys = value["FindInMap"]
            first, second = (self._resolve(key) for key in keys)
            return str(self._content["Mappings"][name][first][second])
        if isinstance(value, dict) and "Sub" in value:
            text: str = value["Sub"]
            if text == "{{resolve:secretsmanager:${FingerprintKey}:SecretString}}":
                return FINGERPRINT_KEY
            return re.sub(r"\$\{([^}]+)\}", lambda found: self._known[found[1]], text)
        if isinstance(value, dict) and "Fn::If" in value:
            condition, yes, no = value["Fn::If"]
            return self._resolve(yes if self._holds(self._content["Conditions"][condition]) else no)
        return str(value)

    def _holds(self, condition: Any) -> bool:
        if "Not" in condition:
            return not self._holds(condition["Not"][0])
        left, right = map(self._resolve, condition["Equals"])
        return left == right


class _Loader(yaml.CSafeLoader):
    """YAML with CloudFormation's short tags: `!Ref X` becomes {"Ref": "X"}."""


def _tagged(loader: _Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    assert isinstance(node, yaml.SequenceNode)
    return {name: loader.construct_sequence(node, deep=True)}


_Loader.add_multi_constructor("!", _tagged)


@cache
def _template() -> dict[str, Any]:
    content: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), Loader=_Loader)
    return content
