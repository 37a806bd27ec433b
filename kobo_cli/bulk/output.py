"""Files that the command writes for people: never over the one that it reads, and whole or not at all."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from kobo_cli.bulk.workspace import BadRow
from kobo_cli.errors import CliError
from kobo_cli.spreadsheet import BAD_ROWS, as_text

# They stand first, as a row may have more cells than there are columns.
ADDED = BAD_ROWS


def require_own_place(outputs: Mapping[str, Path], source: Path) -> None:
    """Raise CliError if a file that is to be written (by the option that names it) is `source`, or one of the others,
    under whatever name."""
    taken = [source]
    for option, path in outputs.items():
        for other in taken:
            same = path.exists() and other.exists() and path.samefile(other)
            if same or path.absolute() == other.absolute():
                raise CliError(f"{option} {path}: that is where {other} is; give another name")
        taken.append(path)


@contextmanager
def whole_file(option: str, path: Path, *, encoding: str) -> Iterator[TextIO]:
    """Yield a text file that takes the place of `path` once it is complete. As it holds numbers, only its owner may
    read it.

    Raises
    ------
    CliError
        when it cannot be written.
    """
    unfinished: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        unfinished = Path(name)
        with open(handle, "w", encoding=encoding, newline="") as file:  # noqa: PTH123 - it is open already
            yield file
        unfinished.replace(path)
        unfinished = None
    except OSError as error:
        raise CliError(f"{option} {path}: {error.strerror or error}") from error
    finally:
        if unfinished is not None:
            unfinished.unlink(missing_ok=True)


def write_bad_rows(path: Path, header: Sequence[str], rows: Iterable[BadRow], separator: str) -> None:
    """Write bad rows as they were in the file, with their lines and reasons before them, for Excel to read."""
    # What comes back with the rows of an earlier run is written anew.
    kept = [at for at, name in enumerate(header) if name not in ADDED]
    with whole_file("--bad-rows", path, encoding="utf-8-sig") as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerow(as_text([*ADDED, *(header[at] for at in kept)]))
        for row in rows:
            cells = [row.cells[at] for at in kept if at < len(row.cells)] + row.cells[len(header) :]
            reason = f"{row.column}: {row.reason}" if row.column else row.reason
            writer.writerow(as_text([row.line, reason, *cells]))
