"""Ten thousand to a hundred million texts a day: what binds, what to turn, what it costs (docs/scale.md).

    .venv/bin/python -m benchmarks.scale [TABLE ...] [--page docs/scale.md] [--write docs/scale.svg]

Prints all tables of the page, or those that are named. With --page they are put in place of the page's own.
"""

from __future__ import annotations

from pathlib import Path

import click

from benchmarks.scale.inputs import Inputs
from benchmarks.scale.page import with_tables
from benchmarks.scale.plot import draw
from benchmarks.scale.tables import TABLES


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(TABLES)))
@click.option("--page", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Where to put the tables.")
@click.option("--write", type=click.Path(dir_okay=False, path_type=Path), help="Where to draw the plot.")
def main(names: tuple[str, ...], page: Path | None, write: Path | None) -> None:
    """Print the tables."""
    inputs = Inputs()
    made = {name: TABLES[name](inputs) for name in names or TABLES}
    for name, text in made.items():
        click.echo(f"{name}\n\n{text}\n")
    if page is not None:
        page.write_text(with_tables(page.read_text(), made))
    if write is not None:
        write.write_text(draw(inputs))


if __name__ == "__main__":
    main()
