"""CloudFormation's functions (Ref, Fn::GetAtt ...), worked out apart from the engine, to check what it made of them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.errors import LocalStackError

_REMOVED = object()


@dataclass(frozen=True)
class Resolver:
    """What the functions refer to. `references` has parameters, pseudo parameters and physical ids by name."""

    references: Mapping[str, Any]
    attribute: Callable[[str, str], str]
    mappings: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)

    def resolve(self, value: Any) -> Any:
        """Return a value of the template with all functions replaced by their results.

        Raises LocalStackError for a function or reference that is not known here.
        """
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not _REMOVED]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, argument), *_ = value.items()
            if name == "Ref" or name.startswith("Fn::") or (name == "Condition" and isinstance(argument, str)):
                return self._call(name, argument)
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not _REMOVED}

    def holds(self, condition: str) -> bool:
        """Whether a condition of the template is true."""
        return bool(self.resolve(self.conditions[condition]))

    def _call(self, name: str, argument: Any) -> Any:
        functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Condition": self.holds,
            "Fn::GetAtt": lambda of: self.attribute(*(of.split(".", 1) if isinstance(of, str) else of)),
            "Fn::Sub": self._sub,
            "Fn::Join": lambda of: of[0].join(str(item) for item in self.resolve(of[1])),
            "Fn::FindInMap": self._find_in_map,
            "Fn::If": lambda of: self.resolve(of[1] if self.holds(of[0]) else of[2]),
            "Fn::Equals": lambda of: str(self.resolve(of[0])) == str(self.resolve(of[1])),
            "Fn::Not": lambda of: not self.resolve(of[0]),
            "Fn::And": lambda of: all(self.resolve(of)),
            "Fn::Or": lambda of: any(self.resolve(of)),
        }
        if name not in functions:
            raise LocalStackError(f"nobody works out {name} here; add it to local_aws/template/intrinsics.py")
        return functions[name](argument)

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _REMOVED
        if name not in self.references:
            raise LocalStackError(f"the template refers to {name}, which does not exist in the stack")
        return self.references[name]

    def _sub(self, argument: Any) -> str:
        text, local = (argument, {}) if isinstance(argument, str) else argument

        def replacement(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in local:
                return str(self.resolve(local[name]))
            return str(self.attribute(*name.split(".", 1)) if "." in name else self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", replacement, text)

    def _find_in_map(self, argument: list[Any]) -> Any:
        mapping, first, second = (str(self.resolve(item)) for item in argument)
        return self.mappings[mapping][first][second]
