"""The requests of a campaign, checked line by line and packed as the stack reads them, on disk."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from kobo_cli.errors import CliError
from kobo_sms.campaigns.lane_filling import MOST_BYTES
from kobo_sms.campaigns.lines import belongs, count_recipients
from kobo_sms.campaigns.members import pack
from kobo_sms.messages.fields import find_problems

# Of a message SQS takes 1 MiB, a few bytes of which may be needed for what goes with it.
_MOST_OF_A_LINE = MOST_BYTES - 4096


@dataclass
class Packed:
    """The file, its size in bytes, a digest of its lines, and how many requests and recipients they are."""

    path: Path
    size: int = 0
    requests: int = 0
    recipients: int = 0
    _hash: Any = field(default_factory=sha256)

    @property
    def digest(self) -> str:
        """What tells the same requests from others."""
        return str(self._hash.hexdigest()[:32])

    def take(self, line: bytes, recipients: int) -> None:
        """Count a line."""
        self.requests += 1
        self.recipients += recipients
        self._hash.update(line + b"\n")


@contextmanager
def packed(lines: Iterable[bytes], campaign_id: str) -> Iterator[Packed]:
    """Yield the packed requests of a campaign, as long as the context lasts.

    Raises
    ------
    CliError
        when a line is no request of this campaign, naming the line; when there is none; when the disk is full.
    """
    with tempfile.TemporaryDirectory(prefix="kobo-") as directory:
        found = Packed(Path(directory) / "requests.jsonl.gz")
        try:
            with found.path.open("wb") as file:
                for member in pack(_checked(lines, campaign_id, found)):
                    file.write(member)
        except OSError as error:
            raise CliError(f"cannot keep the campaign's requests: {error} (temporary files; set TMPDIR)") from error
        if not found.requests:
            raise CliError("the campaign has no requests")
        found.size = found.path.stat().st_size
        yield found


def _checked(lines: Iterable[bytes], campaign_id: str, found: Packed) -> Iterator[bytes]:
    for number, end in enumerate(lines, 1):
        line = end.rstrip(b"\r\n")
        try:
            fields = _require_request(line, campaign_id, number)
        except ValueError as error:
            raise CliError(f"line {number} of the campaign's requests: {error}") from error
        found.take(line, count_recipients(fields))
        yield line


def _require_request(line: bytes, campaign_id: str, number: int) -> dict[str, Any]:
    """Return the fields of a request. Raises ValueError when it is none, or not the one that belongs there."""
    if len(line) > _MOST_OF_A_LINE:
        raise ValueError(f"{len(line):,} bytes, SQS takes {_MOST_OF_A_LINE:,}")
    fields = json.loads(line)
    if not isinstance(fields, dict):
        raise ValueError("not a JSON object")
    if problems := find_problems(fields):
        raise ValueError("; ".join(map(str, problems)))
    if not belongs(fields, campaign_id, number):
        raise ValueError(f"must have the id {campaign_id}:{number} and the campaign {campaign_id}")
    return fields
