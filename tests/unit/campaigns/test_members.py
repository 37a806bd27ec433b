"""The file of a campaign's requests: any gunzip reads it, and reading can begin at each place."""

from __future__ import annotations

import gzip
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kobo_sms.campaigns import members
from kobo_sms.campaigns.members import LONGEST_MEMBER, MOST_BYTES, MOST_LINES, Member, pack, unpack
from kobo_sms.errors import CampaignFileFault

LINE = st.binary(min_size=1, max_size=60).filter(lambda line: b"\n" not in line)
LINES = st.lists(LINE, max_size=250)


@given(lines=LINES)
def test_what_is_packed_is_a_gzip_file_of_its_lines(lines: list[bytes]) -> None:
    content = gzip.decompress(b"".join(pack(lines)) or gzip.compress(b""))
    assert content == b"".join(line + b"\n" for line in lines)


@given(lines=LINES, data=st.data())
def test_reading_goes_on_from_any_place_and_leaves_out_nothing(lines: list[bytes], data: st.DataObject) -> None:
    """However the file is cut into pieces, each is read from where the one before ended."""
    file = b"".join(pack(lines))
    offset, read = 0, []
    while offset < len(file):
        longest = data.draw(st.integers(1, len(file)))
        found = list(unpack(file[offset : offset + longest], offset))
        if not found:
            found = list(unpack(file[offset:], offset))[:1]
        read += [line for member in found for line in member.lines]
        assert found[-1].end > offset
        offset = found[-1].end
    assert read == lines


def test_the_same_lines_make_the_same_bytes() -> None:
    lines = [b'{"id": "c:1"}', b'{"id": "c:2"}']
    assert list(pack(lines)) == list(pack(lines))


def test_members_hold_at_most_so_many_lines_and_bytes() -> None:
    many = list(unpack(b"".join(pack([b"x"] * 250)), 0))
    assert [len(member.lines) for member in many] == [MOST_LINES, MOST_LINES, 50]
    long = list(unpack(b"".join(pack([b"x" * (MOST_BYTES // 2 - 1)] * 5)), 0))
    assert [len(member.lines) for member in long] == [2, 2, 1]


def test_even_what_cannot_be_compressed_is_no_longer_than_a_piece_that_is_read() -> None:
    line = random.Random(1).randbytes(MOST_BYTES - 1).replace(b"\n", b"x")
    (member,) = pack([line])
    assert len(member) <= LONGEST_MEMBER
    assert next(unpack(member, 7)) == Member((line,), 7 + len(member))


@pytest.mark.parametrize("content", [b"no gzip at all", gzip.compress(b"a\n")[:-9] + b"x" * 9], ids=["other", "sum"])
def test_what_is_no_member_is_told(content: bytes) -> None:
    with pytest.raises(CampaignFileFault, match="byte 40"):
        list(unpack(content, 40))


def test_a_member_that_unpacks_to_too_much_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "MOST_BYTES", 1000)
    with pytest.raises(CampaignFileFault, match="too much"):
        list(unpack(gzip.compress(b"x" * 100_000), 0))
