"""Template parameters: given values checked against what the template allows, before anything starts."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from local_aws.errors import LocalStackError

# What suits a stack that someone is looking at. Used where the template has such a parameter.
LOCAL_VALUES = {"FirstReportAfterSeconds": "1"}


def settle(declared: Mapping[str, Mapping[str, Any]], given: Mapping[str, str]) -> dict[str, str]:
    """Return a value for each declared parameter: the given one, else the local one, else the template's default.

    Raises LocalStackError listing everything that is wrong: unknown names, missing values, values that
    AllowedValues, AllowedPattern, MinValue, MaxValue, MinLength, MaxLength or Type don't allow.
    """
    problems = [f"there is no parameter {name}; there are: {', '.join(declared)}" for name in given.keys() - declared]
    values = {}
    for name, rules in declared.items():
        value = given.get(name, LOCAL_VALUES.get(name, rules.get("Default")))
        if value is None:
            problems.append(f"parameter {name} needs a value")
            continue
        values[name] = str(value)
        problems.extend(f"parameter {name}: {problem}" for problem in _problems(values[name], rules))
    if problems:
        raise LocalStackError("\n".join(sorted(problems)))
    return values


def _problems(value: str, rules: Mapping[str, Any]) -> Iterator[str]:
    allowed = [str(option) for option in rules.get("AllowedValues", [])]
    if allowed and value not in allowed:
        yield f"{value!r} is not one of {', '.join(allowed)}"
    pattern = rules.get("AllowedPattern")
    if pattern is not None and not re.fullmatch(pattern, value):
        # As CloudFormation says it.
        yield f"{value!r} {rules.get('ConstraintDescription', f'does not match {pattern}')}"
    if rules.get("Type") == "Number":
        yield from _number_problems(value, rules)
    elif not rules.get("MinLength", 0) <= len(value) <= rules.get("MaxLength", 4096):
        yield f"{value!r} is too short or too long"


def _number_problems(value: str, rules: Mapping[str, Any]) -> Iterator[str]:
    try:
        number = float(value)
    except ValueError:
        yield f"{value!r} is not a number"
        return
    if number < rules.get("MinValue", number):
        yield f"{value} is below {rules['MinValue']}"
    if number > rules.get("MaxValue", number):
        yield f"{value} is above {rules['MaxValue']}"
    # NaN is neither below nor above anything.
    if number != number:
        yield f"{value!r} is not a number"
