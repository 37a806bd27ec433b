"""How long each function takes until it can serve, beside a function that makes one client of boto3 and nothing else.

    .venv/bin/python -m benchmarks.cold_start [--rounds 9] [--built | --sources] [--libraries send_sms]

Each start is an interpreter of its own, on the code as it ships and in turn with the others: once it has loaded what
Lambda's runtime itself needs, it loads the handler, as Lambda does in the init phase. Processor time is counted, the
process's own, as the machine may be busy; the ratio is to the one-client function of the same run.

It runs under Lambda's Python and boto3 where `make runtime` has installed them, else under those of .venv. `--built`
takes what `make build` made, else the same is laid out. Ends with exit 1 when a function is above its limit.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks.cold_start_libraries import by_library
from benchmarks.cold_start_process import ONE_CLIENT, Start, Starting, interpreter, lay_out_code

# The most that a function may take, as a multiple of the one-client function. The others have none.
LIMITS = {"send_sms": 1.5, "check_credit": 1.6, "poll_reports": 1.6}


@click.command()
@click.option("--rounds", default=9, show_default=True, type=click.IntRange(1), help="Starts of each function.")
@click.option("--built", is_flag=True, help="Start what `make build` made.")
@click.option("--sources", is_flag=True, help="Leave out the byte code, as sam build by itself does.")
@click.option("--libraries", metavar="FUNCTION", help="Also print where the time of a function goes.")
def main(rounds: int, built: bool, sources: bool, libraries: str | None) -> None:
    """Start each function so many times and print the medians."""
    with tempfile.TemporaryDirectory() as folder:
        python = interpreter(Path(folder) / "runtime")
        starting = Starting(python, lay_out_code(Path(folder), python, built=built, byte_code=not sources))
        starts = measure(starting, rounds)
        Console().print(table(starts))
        if libraries:
            Console().print(by_library(starting, libraries))
    sys.exit(bool([name for name, limit in LIMITS.items() if ratio(starts, name) > limit]))


def measure(starting: Starting, rounds: int) -> dict[str, list[Start]]:
    """Return the starts of each function; one before them warms up the disk's cache and is not counted."""
    functions = starting.functions
    starts: dict[str, list[Start]] = {name: [] for name in functions}
    for at in range(rounds + 1):
        for name in functions:
            start = starting.start(name)
            if at:
                starts[name].append(start)
    return starts


def processor(starts: list[Start]) -> float:
    """Return the median of processor time, in milliseconds."""
    return statistics.median(start.processor for start in starts)


def ratio(starts: dict[str, list[Start]], name: str) -> float:
    """Return how many times the processor time of the one-client function a function takes."""
    return processor(starts[name]) / processor(starts[ONE_CLIENT])


def table(starts: dict[str, list[Start]]) -> Table:
    """Return the medians, a row a function."""
    printed = Table("function", "processor", "least", "wall", "ratio", "limit", "modules")
    for name, made in starts.items():
        printed.add_row(
            name,
            f"{processor(made):.0f} ms",
            f"{min(start.processor for start in made):.0f} ms",
            f"{statistics.median(start.wall for start in made):.0f} ms",
            f"{ratio(starts, name):.2f}",
            f"{LIMITS[name]:.2f}" if name in LIMITS else "",
            str(made[0].modules),
        )
    return printed


if __name__ == "__main__":
    main()
