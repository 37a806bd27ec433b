"""The file of a campaign's requests: JSON lines, compressed in gzip members of some lines each.

Members of a gzip file stand one after another (RFC 1952, 2.2), so any gunzip reads the file, and reading can begin at
each of them: the offset of a member is a place from which queueing goes on.

Pure.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kobo_sms.errors import CampaignFileFault

# What is queued between two writes of the place, at most.
MOST_LINES = 100
MOST_BYTES = 1 << 20
# No member takes more bytes of the file: what cannot be compressed grows by less than a thousandth.
LONGEST_MEMBER = MOST_BYTES + (MOST_BYTES >> 4)
_LEVEL = 6
# zlib: read a gzip header and trailer, with the largest window.
_GZIP = 31


@dataclass(frozen=True)
class Member:
    """Some lines of the file, without their ends, and the offset of what follows them."""

    lines: tuple[bytes, ...]
    end: int


def pack(lines: Iterable[bytes], most_lines: int = MOST_LINES) -> Iterator[bytes]:
    """Yield the members that hold `lines` (without their ends), each line of less than MOST_BYTES."""
    held: list[bytes] = []
    size = 0
    for line in lines:
        if held and (len(held) == most_lines or size + len(line) + 1 > MOST_BYTES):
            yield _member(held)
            held, size = [], 0
        held.append(line)
        size += len(line) + 1
    if held:
        yield _member(held)


def _member(lines: list[bytes]) -> bytes:
    # Without the moment, so that the same lines make the same bytes.
    return gzip.compress(b"\n".join(lines) + b"\n", _LEVEL, mtime=0)


def unpack(content: bytes, offset: int) -> Iterator[Member]:
    """Yield the members that are whole in `content`, a piece of the file from `offset` on, where a member begins.

    Raises
    ------
    CampaignFileFault
        when what stands there is no member.
    """
    rest = memoryview(content)
    while rest:
        reader = zlib.decompressobj(_GZIP)
        try:
            text = reader.decompress(rest, MOST_BYTES + 2)
        except zlib.error as error:
            raise CampaignFileFault(f"byte {offset} of its file begins no requests: {error}") from error
        if not reader.eof:
            if len(text) > MOST_BYTES + 1:
                raise CampaignFileFault(f"too much stands at byte {offset} of its file")
            return
        read = len(rest) - len(reader.unused_data)
        offset += read
        rest = rest[read:]
        yield Member(tuple(text.removesuffix(b"\n").split(b"\n")), offset)
