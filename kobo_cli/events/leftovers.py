"""The rules and queues of killed runs: found by name, told from those of living runs by when they were last seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from kobo_cli.events.rule_and_queue import PREFIX, SEEN_TAG, Clients, is_gone, made_at, remove
from kobo_cli.events.temporary_queue import SEEN_EVERY_SECONDS

# A living run shows itself six times in that time. Clocks agree well enough: AWS refuses signatures of other hours.
DEAD_AFTER_SECONDS = 6 * SEEN_EVERY_SECONDS


@dataclass(frozen=True)
class Leftover:
    """The rule and queue of a run that is dead; `problem` says why they could not be removed, None when they were."""

    name: str
    problem: str | None


def remove_leftovers(clients: Clients, now: float) -> Iterator[Leftover]:
    """Remove what dead runs have left in this account and region, and yield each. Errors of the search pass through.

    Other stacks' are among it: their rules and queues have the same names, and their living runs show themselves too.
    """
    queues = dict(_queues(clients))
    for name in sorted({*_rules(clients), *queues}):
        if now - _last_seen(clients, name, queues.get(name)) < DEAD_AFTER_SECONDS:
            continue
        try:
            remove(clients, name)
            yield Leftover(name, None)
        except (BotoCoreError, ClientError) as error:
            yield Leftover(name, str(error))


def _rules(clients: Clients) -> Iterator[str]:
    for page in clients.events.get_paginator("list_rules").paginate(NamePrefix=PREFIX):
        yield from (rule["Name"] for rule in page["Rules"] if made_at(rule["Name"]) is not None)


def _queues(clients: Clients) -> Iterator[tuple[str, str]]:
    pages = clients.sqs.get_paginator("list_queues").paginate(
        QueueNamePrefix=PREFIX, PaginationConfig={"PageSize": 1000}
    )
    for page in pages:
        for url in page.get("QueueUrls", []):
            name = url.rpartition("/")[2]
            if made_at(name) is not None:
                yield name, url


def _last_seen(clients: Clients, name: str, url: str | None) -> float:
    """Return when a run was last seen: by its queue's tag, without one when it began."""
    began = made_at(name) or 0.0
    if url is None:
        return began
    try:
        tags = clients.sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
    except ClientError as error:
        if not is_gone(error):
            raise
        return began
    seen = tags.get(SEEN_TAG, "")
    return max(began, float(seen) if seen.isdecimal() else 0.0)
