"""send_sms beside the usual Lambda and Debian's Kannel: pace, calls, processor, memory, and what is sent twice.

    make bench                                  # or: .venv/bin/python -m benchmarks.peers [--json FILE] [--share 0.05]

KoboMobile and AWS are doubles in processes of their own (kobo_stub, aws_double); the functions run as Lambda would run
them, each environment a process, as many as the template has for 100 calls at once. AWS is asked over plain HTTP, by
all alike.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import click

from benchmarks.peers.double_process import running_double
from benchmarks.peers.measuring import Bench
from benchmarks.peers.own_limits import own_limits
from benchmarks.peers.plan import Sizes, measure
from benchmarks.peers.readme import write_readme
from benchmarks.peers.summary import summary_of
from benchmarks.peers.table import rows_of, table_of

CALLS_AT_ONCE = 100


@click.command()
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write all figures there, too.")
@click.option("--share", default=1.0, type=click.FloatRange(0.01, 1), help="Of the texts: to see that it runs.")
@click.option(
    "--beside", type=click.Path(path_type=Path, exists=True), help="Another checkout: its send_sms is measured, too."
)
@click.option("--readme", is_flag=True, help="Write the README's table.")
def main(json_file: Path | None, share: float, beside: Path | None, readme: bool) -> None:
    """Measure, and print a table and its summary."""
    busy = f"{os.getloadavg()[0]:.1f} processes wanted {os.cpu_count()} processors in the minute before"
    with running_double("benchmarks.peers.aws_double") as aws, running_double("benchmarks.peers.kobo_stub") as kobo:
        bench = Bench(aws, kobo)
        own = own_limits(bench)
        results = measure(bench, Sizes().times(share), CALLS_AT_ONCE, beside)
    rows = rows_of(results, own, CALLS_AT_ONCE)
    click.echo(table_of(rows))
    click.echo(busy)
    for line in summary_of(results):
        click.echo(line)
    if readme:
        write_readme(results)
    if json_file is not None:
        found = {"rows": [asdict(row) for row in rows], "runs": [asdict(run) for run in results.all()]}
        json_file.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
