"""What publish_status is given.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EventSettings:
    """The stack's name, its table, the queue of what cannot be published, and whether numbers can be looked up."""

    stack: str
    table: str
    unpublished_queue_url: str
    find_by_number: bool
