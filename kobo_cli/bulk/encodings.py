"""Which encoding a CSV file is in: by its byte order mark, else UTF-8, else what Windows calls ANSI.

The whole file is looked at before a row is read, so that no text is sent with letters taken for others.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kobo_cli.errors import CliError

_CHUNK = 1 << 20
SAVE_AS = 'in Excel, save it as "CSV UTF-8"'
# The first bytes of what is no text at all.
_OTHER_FILES = (
    (b"PK\x03\x04", "a workbook of Excel or LibreOffice (or another zip file)"),
    (b"\xd0\xcf\x11\xe0", "a workbook of an old Excel"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\xff\xfe\x00\x00", "a text in UTF-32"),
)
_SEVERAL_BYTES = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}|\xe0[\xa0-\xbf][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{3}"
)
_NOT_ASCII = re.compile(rb"[\x80-\xff]")


@dataclass(frozen=True)
class Encoding:
    """`codec` as Python knows it, `name` as people do."""

    codec: str
    name: str


UTF_8 = Encoding("utf-8", "UTF-8")
WINDOWS = Encoding("cp1252", "Windows-1252")
_MARKS = (
    (codecs.BOM_UTF8, Encoding("utf-8-sig", "UTF-8")),
    (codecs.BOM_UTF16_LE, Encoding("utf-16", "UTF-16")),
    (codecs.BOM_UTF16_BE, Encoding("utf-16", "UTF-16")),
)


def detect(path: Path) -> Encoding:
    """Return the encoding in which all of the file makes sense.

    Raises
    ------
    CliError
        when it is no text, or makes sense in none of the encodings.
    """
    head = next(_chunks(path), b"")
    for magic, kind in _OTHER_FILES:
        if head.startswith(magic):
            raise CliError(f"{path}: this is {kind}, not a CSV file: {SAVE_AS}")
    encoding = next((encoding for mark, encoding in _MARKS if head.startswith(mark)), UTF_8)
    if _makes_sense(path, encoding):
        return encoding
    # In Windows-1252 hardly any two letters in a row are what UTF-8 writes for one.
    if encoding == UTF_8 and not _is_mostly_utf_8(path):
        encoding = WINDOWS
        if _makes_sense(path, encoding):
            return encoding
    line = _damaged_line(path, encoding)
    raise CliError(f"{path}: line {line} is damaged: the file is in {encoding.name}, but not there; {SAVE_AS} again")


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _makes_sense(path: Path, encoding: Encoding) -> bool:
    decoder = codecs.getincrementaldecoder(encoding.codec)()
    try:
        for chunk in _chunks(path):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_mostly_utf_8(path: Path) -> bool:
    good = stray = 0
    for chunk in _chunks(path):
        found = _SEVERAL_BYTES.findall(chunk)
        good += len(found)
        stray += len(_NOT_ASCII.findall(chunk)) - sum(map(len, found))
    return good > stray


def _damaged_line(path: Path, encoding: Encoding) -> int:
    with path.open(encoding=encoding.codec, errors="replace", newline="") as lines:
        return next((number for number, line in enumerate(lines, 1) if "\ufffd" in line), 1)
