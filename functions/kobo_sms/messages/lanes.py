"""The lanes: the two queues that messages come on, each with its event source mapping."""

from __future__ import annotations

from enum import StrEnum

# SQS deletes silently what has been in a queue for 14 days: a day before that a message is given up, with its reason.
DEAD_AFTER = 13 * 86_400


class Lane(StrEnum):
    """`priority` for what cannot wait, `bulk` for campaigns."""

    PRIORITY = "priority"
    BULK = "bulk"


LANES = tuple(Lane)
