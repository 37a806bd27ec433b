"""What exists, compared with what the template asks for: an engine that skips something silently must not pass."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from local_aws.clients import Clients
from local_aws.drift.existing import READERS
from local_aws.drift.expectation import Expected
from local_aws.drift.gaps import NOT_COMPARED


def differences(clients: Clients, expected: Iterable[Expected]) -> list[str]:
    """Return what is missing or different, one line each, naming the resource and the property.

    A resource type or a property that nobody compares is a difference too: it is never passed over in silence.
    """
    return [line for resource in expected for line in _of_resource(clients, resource)]


def _of_resource(clients: Clients, resource: Expected) -> Iterator[str]:
    title = f"{resource.name} ({resource.type})"
    if resource.type not in READERS:
        yield f"{title}: nobody checks {resource.type}; add it to local_aws/drift/existing"
        return
    if not resource.physical_id:
        yield f"{title} was not created"
        return
    try:
        found = READERS[resource.type](clients, resource.physical_id)
    except (ClientError, LookupError) as error:
        yield f"{title} does not exist ({error})"
        return
    for name, asked in resource.properties.items():
        if (resource.type, name) not in NOT_COMPARED and not same(asked, found.get(name)):
            yield f"{title}: {name} should be {_text(asked)}, is {_text(found.get(name))}"


def same(asked: Any, found: Any) -> bool:
    """Whether what was found is what was asked for.

    5, 5.0 and "5" are the same, as are true and "true", and lists in any order. An object may have more than was
    asked for: AWS fills in defaults. None is the same as nothing at all.
    """
    if isinstance(asked, dict):
        if not isinstance(found, dict):
            return not asked and found is None
        return all(same(value, found.get(name)) for name, value in asked.items())
    if isinstance(asked, list):
        others = found if isinstance(found, list) else [found]
        return len(asked) == len(others) and all(
            same(*pair) for pair in zip(sorted(asked, key=_order), sorted(others, key=_order), strict=True)
        )
    return _scalar(asked) == _scalar(found)


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _order(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _text(value: Any) -> str:
    return "missing" if value is None else json.dumps(value, default=str)
