"""`kobo bulk` on a million rows: how long the check takes, how much memory, and the files for the stack.

    .venv/bin/python -m benchmarks.bulk_check [--rows 1000000] [--shared]

The file is made first: names with letters of every kind, numbers in every form, a few that are bad or come twice. Each
text is one of its own, unless --shared. Ends with exit 1 unless everything was counted right and memory stayed below
MOST_MEMORY.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click

from kobo_cli.bulk.checking import Checked, Order, check_file
from kobo_cli.bulk.hand_over import REQUESTS, ROWS, hand_over

MOST_MEMORY = 256  # MB
NAMES = ["Ada Obi", "Bello O’Neil", "Ẹniọlá Akande", "Ngozi", "Musa, A.", "Zainab"]
FORMS = ["+234{0}", "0{0}", "{0}", "234{0}", "0{1} {2} {3}"]
PERSONAL = "Dear {name}, our weekend offer in {city}: 20% off everything. Show this SMS at the till before Sunday."
SHARED = "Our weekend offer: 20% off everything. Show this SMS at the till before Sunday. Call 0803 000 0000 for more."
# Of a thousand rows one has no name, one no number, and one the number of the row before.
PERIOD, BAD_OF_PERIOD = 1000, 2


def lines(rows: int) -> Iterator[str]:
    """Yield the lines of the file."""
    yield "Phone Number,Name,City\n"
    for at in range(rows):
        place = at % PERIOD
        known = at - 1 if place == 2 else at
        digits = f"8{known // 10**7 % 2}3{known % 10**7:07d}"
        number = FORMS[at % len(FORMS)].format(digits, digits[:3], digits[3:6], digits[6:])
        name = "" if place == 7 else f'"{NAMES[at % len(NAMES)]} {at}"'
        yield f"{'nobody' if place == 9 else number},{name},Lagos\n"


class Watch:
    """Tells the time since it was made, and how much of it the processor had to compute (others may use it too)."""

    def __init__(self) -> None:
        self._began = time.perf_counter(), time.process_time()

    @property
    def computed(self) -> float:
        """Seconds of the processor."""
        return time.process_time() - self._began[1]

    def __str__(self) -> str:
        return f"{time.perf_counter() - self._began[0]:.0f} s ({self.computed:.0f} s of the processor)"


def memory() -> int:
    """Return the most memory that this process has had resident, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def require_right(checked: Checked, rows: int, *, shared: bool) -> None:
    """End with exit 1 unless the figures are those that the file was made with."""
    periods = rows // PERIOD
    bad = periods * (1 if shared else BAD_OF_PERIOD)
    found = checked.findings
    if (found.rows, found.bad, found.duplicates) != (rows, bad, periods):
        sys.exit(f"counted wrong: {found}")


@click.command()
@click.option("--rows", default=1_000_000, show_default=True, type=click.IntRange(PERIOD))
@click.option("--shared", is_flag=True, help="One text for all.")
def main(rows: int, shared: bool) -> None:
    """Make the file, check it, write what the stack will carry."""
    rows = rows // PERIOD * PERIOD
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder, "people.csv"), Path(folder, "out")
        out.mkdir()
        with path.open("w", encoding="utf-8") as file:
            file.writelines(lines(rows))
        print(f"{rows:,} rows, {path.stat().st_size / 1e6:.0f} MB; {memory()} MB of memory before")
        watch = Watch()
        with check_file(Order(path, SHARED if shared else PERSONAL), lambda _: None) as checked:
            print(f"checked in {watch}; {watch.computed / rows * 1e6:.0f} µs a row")
            require_right(checked, rows, shared=shared)
            if checked.campaign is None:
                sys.exit("no campaign")
            watch = Watch()
            hand_over(checked.campaign, out)
            sizes = ", ".join(f"{name} {out.joinpath(name).stat().st_size / 1e6:.0f} MB" for name in (REQUESTS, ROWS))
            print(f"{checked.workspace.requests():,} requests written in {watch}: {sizes}")
    print(f"{memory()} MB of memory at most")
    if memory() > MOST_MEMORY:
        sys.exit(f"more than {MOST_MEMORY} MB")


if __name__ == "__main__":
    main()
