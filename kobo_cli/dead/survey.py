"""One look through the queue that changes nothing: what it sees of each letter, and what it may have missed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from kobo_cli.connection import Connection
from kobo_cli.dead.letters import Letter
from kobo_cli.dead.queue import HIDDEN, LOOK_FOR, WAIT, WIDTH, DeadLetterQueue, looking_through
from kobo_cli.dead.selection import Selection
from kobo_sms.credit.wording import plural
from kobo_sms.messages.lanes import LANES
from kobo_sms.reports.store import ReportStore
from kobo_sms.sending.standing import Standing

T = TypeVar("T")
Key = tuple[str, str]


@dataclass(frozen=True)
class Missed:
    """What a look may have missed: about how many letters it did not see, and whether its time was up.

    `late`: so many letters that it saw come back after a while only.
    """

    unseen: int = 0
    broken_off: bool = False
    late: int = 0

    def __str__(self) -> str:
        """Say it, nothing when nothing was missed."""
        said = []
        if self.broken_off:
            said.append(f"the look ended after {LOOK_FOR:.0f} s")
        if self.unseen:
            said.append(f"SQS counts about {plural(self.unseen, 'letter')} more: hidden by another look, or just come")
        if self.late:
            said.append(f"{plural(self.late, 'letter')} could not be given back at once: visible again in {HIDDEN} s")
        return "; ".join(said)


def queue_of(connection: Connection) -> DeadLetterQueue:
    """Return the dead-letter queue of a stack."""
    lanes = {lane: connection.queue_url(lane) for lane in LANES}
    url = connection.variables["KOBO_DEAD_LETTER_QUEUE_URL"]
    return DeadLetterQueue(connection.sqs, url, lanes, wait=WAIT, width=WIDTH)


def look_at(
    connection: Connection,
    queue: DeadLetterQueue,
    selection: Selection,
    see: Callable[[Letter, Standing | None], T],
    *,
    standings: bool = True,
) -> tuple[list[T], Missed]:
    """Return what `see` makes of each selected letter and how its part stands, and what may have been missed.

    Without `standings` the table is not read. Errors of AWS pass through.
    """
    seen: list[T] = []
    with looking_through(queue, time.time) as look:
        for letters in look:
            chosen = [letter for letter in letters if selection.takes(letter)]
            known = _standings_of(connection, chosen) if standings else {}
            seen += [see(letter, known.get((letter.request_id, letter.part or ""))) for letter in chosen]
        unseen, broken_off = look.unseen(), not look.complete
    return seen, Missed(unseen, broken_off, look.late)


def _standings_of(connection: Connection, letters: Sequence[Letter]) -> dict[Key, Standing]:
    """Return how parts stand, in one read for a hundred; those that the table does not know left out."""
    store = ReportStore(connection.dynamodb, connection.variables["KOBO_TABLE"], keep_seconds=0)
    items = store.get_many([(letter.request_id, letter.part) for letter in letters if letter.part is not None])
    return {(item["id"], item["part"]): Standing(item) for item in items}
