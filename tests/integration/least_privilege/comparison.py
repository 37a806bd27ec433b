"""What functions ask for against what they are allowed: neither more nor less, and nothing wider than it need be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from tests.integration.least_privilege.policies import Grant
from tests.integration.least_privilege.requests import Request

# Where a star stands for what nobody can name when the stack is deployed.
WILDCARDS = {
    ("logs:CreateLogStream", r"log-group:\w+:\*"): "Lambda names the streams, one for each environment",
    ("logs:PutLogEvents", r"log-group:\w+:\*"): "the same",
    ("dynamodb:ListStreams", r"table/\w+/stream/\*"): "it is asked for a table, and takes no stream's ARN",
    ("s3:GetObject", r":::\w+/\*"): "an object's key has its campaign's id, which people choose",
}
# What can be narrowed by more than the resource, and by which keys.
CONDITIONS = {
    "events:PutEvents": {"events:source", "events:detail-type"},
    "lambda:GetEventSourceMapping": {"lambda:FunctionArn"},
    "lambda:UpdateEventSourceMapping": {"lambda:FunctionArn"},
}
# Values of conditions that stand for what may come.
EXPECTED = {("lambda:FunctionArn", r":function:[\w-]+:\*"): "the mappings may come to invoke a version or an alias"}
# Items that are none of a request's: what is done with these alone is allowed for these alone.
_OWN_ITEMS = "~"
_KEYS = "dynamodb:LeadingKeys"


def ungranted(asked: Iterable[Request], grants: Iterable[Grant]) -> list[str]:
    """Return what is asked for and allowed by nothing."""
    allowed = list(grants)
    return sorted({str(request) for request in asked if not any(grant.allows(request) for grant in allowed)})


def unused(asked: Iterable[Request], grants: Iterable[Grant]) -> list[str]:
    """Return what is allowed and never asked for."""
    wanted = list(asked)
    return sorted({str(grant) for grant in grants if not any(grant.allows(request) for request in wanted)})


def too_wide(grants: Iterable[Grant]) -> list[str]:
    """Return what is allowed by a star that no reason stands for."""
    return sorted(
        {str(grant) for grant in grants if "*" in grant.action or ("*" in grant.resource and not _has_reason(grant))}
    )


def _has_reason(grant: Grant) -> bool:
    return any(action == grant.action and re.search(f"{resource}$", grant.resource) for action, resource in WILDCARDS)


def unconditional(asked: Iterable[Request], grants: Iterable[Grant]) -> list[str]:
    """Return what is allowed without a condition that could narrow it."""
    wanted, found = list(asked), []
    for grant in grants:
        missing = set(CONDITIONS.get(grant.action, ())) - grant.keys
        keys = {key for one in wanted if grant.allows(one) for key in one.context.get(_KEYS, ())}
        if keys and _KEYS not in grant.keys and all(key.startswith(_OWN_ITEMS) for key in keys):
            missing.add(f"{_KEYS}, of which it needs {', '.join(sorted(keys))}")
        found += [f"{grant} says nothing of {key}" for key in sorted(missing)]
    return found


def spare_values(asked: Iterable[Request], grants: Iterable[Grant]) -> list[str]:
    """Return the values of conditions that nothing asked for needs."""
    wanted, found = list(asked), []
    for grant in grants:
        for key, values in grant.values():
            met = {value for one in wanted if grant.allows(one) for value in one.context.get(key, ())}
            spare = [value for value in values if not any(fnmatchcase(each, value) for each in met)]
            expected = [value for value in spare for name, like in EXPECTED if name == key and re.search(like, value)]
            found += [f"{grant} needs no {value}" for value in spare if value not in expected]
    return found
