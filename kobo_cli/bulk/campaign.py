"""A campaign: what was checked, as the requests that carry it. All of it follows from the content.

The same texts to the same numbers under the same sender ID make the same campaign, whatever the order of the rows, the
file's name or its other columns: so the same command again sends nothing again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import groupby, islice
from typing import Any

from kobo_cli.bulk.workspace import Recipient, Workspace
from kobo_sms.messages.parts import MAX_NUMBERS
from kobo_sms.messages.request import Request

_DIGITS_OF_ID = 20


@dataclass(frozen=True)
class Campaign:
    """What is to be sent: to the recipients in `workspace`, from `sender` (None: the stack's default), at `at` (None:
    at once).

    `digest` is that of the content (`content_digest`), `written` that of what the file says (`written_digest`);
    `derived` if the id follows from the content; `header` has the names of the file's columns.
    """

    id: str
    digest: str
    written: str
    derived: bool
    workspace: Workspace
    header: Sequence[str]
    sender: str | None = None
    promotional: bool = False
    at: datetime | None = None

    def requests(self) -> Iterator[tuple[Request, list[Recipient]]]:
        """Yield each request with its recipients: equal texts share one of up to 500 numbers."""
        for number, recipients in enumerate(_shared(self.workspace.recipients()), 1):
            to = tuple(sorted(recipient.number for recipient in recipients))
            request = Request(
                id=f"{self.id}:{number}",
                to=to,
                msg=recipients[0].text,
                sender=self.sender,
                promotional=self.promotional,
                campaign=self.id,
            )
            yield request, recipients


def content_digest(workspace: Workspace, sender: str | None) -> str:
    """Return a digest of who is to get which text from whom."""
    digest = sha256(json.dumps(["kobo campaign", 1, sender or ""]).encode())
    for text, number in workspace.contents():
        digest.update(text + number.to_bytes(8, "big"))
    return digest.hexdigest()


def written_digest(rows: Any, *given: str | bool | None) -> str:
    """Return a digest of an order as it was `given`, `rows` being the hash of its file's rows.

    A newer libphonenumber, which may take another number for good or read it in another way, does not change it.
    """
    digest = rows.copy()
    digest.update(json.dumps(["kobo campaign as written", 1, *given]).encode())
    return str(digest.hexdigest()[:32])


def derived_id(digest: str) -> str:
    """Return the id of a campaign that was given none."""
    return f"campaign-{digest[:_DIGITS_OF_ID]}"


def _shared(recipients: Iterable[Recipient]) -> Iterator[list[Recipient]]:
    for _, same in groupby(recipients, key=lambda recipient: recipient.text):
        while chunk := list(islice(same, MAX_NUMBERS)):
            yield chunk
